// nitro-enc eif diff: what two enclave images differ in.
#include <algorithm>

#include "base/limits.h"
#include "eif/compare.h"
#include "tools/nitro_enc/eif_actions.h"
#include "tools/nitro_enc/eif_file.h"

namespace nes::nitro_enc {
namespace {

struct RegisterPair {
  std::string name;
  std::string first;
  std::string second;  // empty, as `first`, if that image has none
};

std::vector<RegisterPair> registers_that_differ(const ImageMeasurements& first,
                                                const ImageMeasurements& second) {
  const auto text = [](const std::optional<crypto::Sha384Digest>& digest) {
    return digest ? base::hex_encode(*digest) : std::string();
  };
  std::vector<RegisterPair> pairs = {{"PCR0", text(first.boot.pcr0), text(second.boot.pcr0)},
                                     {"PCR1", text(first.boot.pcr1), text(second.boot.pcr1)},
                                     {"PCR2", text(first.boot.pcr2), text(second.boot.pcr2)},
                                     {"PCR8", text(first.certificate), text(second.certificate)}};
  std::erase_if(pairs, [](const RegisterPair& pair) { return pair.first == pair.second; });
  return pairs;
}

bool is_measured(const eif::Difference& difference) {
  return difference.section != "metadata" && difference.section != "signature";
}

void print_lines(std::ostream& out, const std::vector<RegisterPair>& registers,
                 std::span<const eif::Difference> shown) {
  for (const RegisterPair& pair : registers)
    out << pair.name << ": " << (pair.first.empty() ? "none" : pair.first) << ", "
        << (pair.second.empty() ? "none" : pair.second) << '\n';
  for (const eif::Difference& difference : shown) {
    out << difference.section << ": ";
    if (!difference.path.empty()) out << printable(difference.path) << ": ";
    out << eif::kind_name(difference.kind) << '\n';
  }
}

void print_json(std::ostream& out, const std::vector<RegisterPair>& registers,
                std::span<const eif::Difference> shown, bool is_cut) {
  JsonWriter json;
  json.begin_object().key("Same").boolean(registers.empty() && shown.empty());
  json.key("Measurements").begin_object();
  for (const RegisterPair& pair : registers) {
    json.key(pair.name).begin_array();
    for (const std::string& value : {pair.first, pair.second})
      value.empty() ? json.null() : json.string(value);
    json.end();
  }
  json.end().key("Differences").begin_array();
  for (const eif::Difference& difference : shown) {
    json.begin_object().key("Section").string(difference.section);
    if (!difference.path.empty()) json.key("Path").string(difference.path);
    json.key("What").string(eif::kind_name(difference.kind)).end();
  }
  json.end().key("Cut").boolean(is_cut);
  out << std::move(json.end()).finish();
}

}  // namespace

Status diff_eif(const Arguments& arguments, Context& context) {
  const auto first = open_eif(std::string(arguments.operands()[0]), context);
  const auto second = open_eif(std::string(arguments.operands()[1]), context);
  if (!first || !second) return Status::kRefused;
  std::vector<eif::Difference> differences = eif::compare(first->image, second->image);
  std::vector<RegisterPair> registers = registers_that_differ(first->measurements, second->measurements);
  if (arguments.has("measured")) {
    std::erase_if(differences, [](const eif::Difference& difference) { return !is_measured(difference); });
    std::erase_if(registers, [](const RegisterPair& pair) { return pair.name == "PCR8"; });
  }
  const std::span<const eif::Difference> shown =
      std::span(differences).first(std::min(differences.size(), limits::kListedPaths));
  const bool is_cut = shown.size() < differences.size();
  if (arguments.has("json"))
    print_json(context.out, registers, shown, is_cut);
  else
    print_lines(context.out, registers, shown);
  if (is_cut) context.warn("the list of differences is cut");
  return registers.empty() && differences.empty() ? Status::kGood : Status::kRefused;
}

}  // namespace nes::nitro_enc
