#include "tools/nitro_enc/policy_write.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "policy/match.h"
#include "policy/statement.h"
#include "tools/nitro_enc/policy_check.h"
#include "tools/nitro_enc/policy_inputs.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kAround = 2;  // lines of context in a diff

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The image that is to come and, with --previous-pcr0, the one that still runs.
std::optional<std::vector<std::string>> rollout_pcr0s(const Arguments& arguments, Context& context,
                                                      Status& status) {
  auto pcr0s = intended_pcr0s(arguments, 1, context, status);
  if (!pcr0s) return std::nullopt;
  auto previous = previous_pcr0(arguments, *pcr0s, context, status);
  if (status != Status::kGood) return std::nullopt;
  if (previous) pcr0s->push_back(std::move(*previous));
  return pcr0s;
}

struct Wanted {
  policy::WholePolicy parts;
  policy::Intent intent() const { return {parts.pcr0s, parts.importers, parts.admins}; }
};

std::optional<Wanted> parse_wanted(const Arguments& arguments, bool needs_role, Context& context,
                                   Status& status) {
  Wanted out;
  auto pcr0s = rollout_pcr0s(arguments, context, status);
  if (!pcr0s) return std::nullopt;
  out.parts.pcr0s = std::move(*pcr0s);
  if (needs_role) {
    auto role = role_of(arguments, context, status);
    if (!role) return std::nullopt;
    out.parts.role = std::move(*role);
  }
  struct Into {
    std::string_view flag;
    std::vector<std::string>& list;
  };
  for (const Into& into : {Into{"importer", out.parts.importers}, Into{"admin", out.parts.admins},
                           Into{"operator", out.parts.operators}, Into{"auditor", out.parts.auditors}}) {
    auto listed = principals_of(arguments, into.flag, context, status);
    if (!listed) return std::nullopt;
    into.list = std::move(*listed);
  }
  return out;
}

// The text to apply, from a file or the live one with the statement in it. Nothing after a line on `err`.
std::optional<std::string> new_policy(const Arguments& arguments, const Wanted& wanted,
                                      const std::string& live, Context& context) {
  if (const auto path = arguments.value("policy")) {
    auto file = read_policy_file(std::string(*path));
    if (file.ok()) return std::move(file->text);
    context.refuse(*path, file.error());
    return std::nullopt;
  }
  auto text = policy::put_statement(live, policy::write_statement(wanted.parts.role, wanted.parts.pcr0s, 4));
  if (text.ok()) return std::move(*text);
  context.refuse("the key's policy", text.error());
  return std::nullopt;
}

}  // namespace

std::string changed_lines(std::string_view before, std::string_view after) {
  if (before == after) return {};
  const auto old_lines = lines_of(before);
  const auto new_lines = lines_of(after);
  const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
  std::size_t head = 0;
  while (head < shorter && old_lines[head] == new_lines[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head &&
         old_lines[old_lines.size() - 1 - tail] == new_lines[new_lines.size() - 1 - tail])
    ++tail;
  std::string out;
  const auto print = [&out](std::string_view mark, const std::vector<std::string_view>& lines,
                            std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) out += std::string(mark) + std::string(lines[i]) + "\n";
  };
  print("  ", old_lines, head - std::min(head, kAround), head);
  print("- ", old_lines, head, old_lines.size() - tail);
  print("+ ", new_lines, head, new_lines.size() - tail);
  print("  ", new_lines, new_lines.size() - tail,
        std::min(new_lines.size(), new_lines.size() - tail + kAround));
  return out;
}

Status render_policy(const Arguments& arguments, Context& context) {
  Status status{};
  const auto wanted = parse_wanted(arguments, true, context, status);
  if (!wanted) return status;
  if (!arguments.has("whole")) {
    for (const char* flag : {"admin", "importer", "operator", "auditor"})
      if (arguments.has(flag)) return context.misused("--" + std::string(flag) + " goes with --whole");
    context.out << policy::write_statement(wanted->parts.role, wanted->parts.pcr0s) << '\n';
    return Status::kGood;
  }
  if (wanted->parts.admins.empty())
    return context.misused("--whole needs an --admin: a key whose policy nobody may change is lost");
  const std::string text = policy::write_policy(wanted->parts);
  // Somebody who is listed twice, as an operator and as something that an operator must not be, and the like.
  const auto parsed = parse_policy(text, "the policy", context);
  if (!parsed) return Status::kRefused;
  if (const auto findings = policy::audit(*parsed, {}, wanted->intent()); !findings.empty()) {
    print_findings(context.err, findings);
    return context.refuse("the policy would not pass policy check");
  }
  context.out << text;
  return Status::kGood;
}

Status apply_policy(const Arguments& arguments, Context& context) {
  Status status{};
  const bool is_whole = arguments.has("policy");
  if (is_whole && arguments.has("role"))
    return context.misused("--role goes into the statement, --policy has its own");
  const auto wanted = parse_wanted(arguments, !is_whole, context, status);
  if (!wanted) return status;
  const auto key = open_key(arguments, context, status);
  if (key == nullptr) return status;
  const auto live = fetch_policy(*key, context);
  if (!live) return Status::kRefused;
  const auto text = new_policy(arguments, *wanted, live->text, context);
  if (!text) return Status::kRefused;
  const auto parsed = parse_policy(*text, "the new policy", context);
  if (!parsed) return Status::kRefused;
  context.out << changed_lines(live->text, *text);
  if (const auto findings = policy::audit(*parsed, live->grants, wanted->intent()); !findings.empty()) {
    print_findings(context.out, findings);
    return context.refuse("not applied: the new policy would not pass policy check");
  }
  if (*text == live->text) {
    context.out << "unchanged\n";
    return Status::kGood;
  }
  if (arguments.has("dry-run")) {
    context.out << "not applied: --dry-run\n";
    return Status::kGood;
  }
  if (const auto put = key->access.put_policy(*text); !put.ok())
    return context.refuse("PutKeyPolicy", put.error());
  context.out << "applied\n";
  return Status::kGood;
}

}  // namespace nes::nitro_enc
