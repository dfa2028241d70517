#include "devkit/nsm_emulator/module.h"

#include <string_view>
#include <utility>

#include "base/limits.h"
#include "crypto/random.h"
#include "devkit/nsm_emulator/digest.h"

namespace nes::nsm_emulator {
namespace {

constexpr std::size_t kLockedAtBoot = 16;
constexpr std::size_t kRandomBytes = 256;
constexpr std::int64_t kRenewBeforeS = 600;

// The names of the NSM's errors; an Error carries one as its reason.
Error invalid_argument() noexcept { return {ErrorCode::kMalformedRequest, "InvalidArgument"}; }
Error invalid_index() noexcept { return {ErrorCode::kMalformedRequest, "InvalidIndex"}; }
Error read_only_index() noexcept { return {ErrorCode::kMalformedRequest, "ReadOnlyIndex"}; }
Error internal_error() noexcept { return {ErrorCode::kMalformedRequest, "InternalError"}; }

// The only member, an unsigned integer of this name.
Result<std::uint64_t> only_number(cbor::Reader& reader, std::string_view name) {
  const auto count = reader.map();
  if (!count.ok() || *count != 1) return invalid_argument();
  const auto key = reader.text();
  if (!key.ok() || *key != name) return invalid_argument();
  const auto number = reader.unsigned_integer();
  if (!number.ok() || !reader.expect_end().ok()) return invalid_argument();
  return *number;
}

Result<std::optional<Bytes>> optional_bytes(cbor::Reader& reader) {
  if (reader.next_is_null()) {
    if (!reader.null().ok()) return invalid_argument();
    return std::optional<Bytes>();
  }
  const auto bytes = reader.bytes();
  if (!bytes.ok()) return invalid_argument();
  return std::optional<Bytes>(Bytes(bytes->begin(), bytes->end()));
}

Result<attest::DocumentRequest> document_request(cbor::Reader& reader) {
  const auto count = reader.map();
  if (!count.ok()) return invalid_argument();
  attest::DocumentRequest request;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto name = reader.text();
    if (!name.ok()) return invalid_argument();
    std::optional<Bytes>* const member = *name == "user_data"    ? &request.user_data
                                         : *name == "nonce"      ? &request.nonce
                                         : *name == "public_key" ? &request.public_key
                                                                 : nullptr;
    if (member == nullptr || member->has_value()) return invalid_argument();
    NES_TRY_ASSIGN(*member, optional_bytes(reader));
  }
  if (!reader.expect_end().ok()) return invalid_argument();
  return request;
}

}  // namespace

Module::Module(Chain chain, const Pcrs& pcrs, const Clock& clock) : chain_(std::move(chain)), clock_(clock) {
  for (const auto& [index, value] : pcrs) registers_.at(index).value = value;
  for (std::size_t i = 0; i < kLockedAtBoot; ++i) registers_[i].locked = true;
}

Bytes Module::handle(ByteView request) {
  const std::lock_guard lock(mutex_);
  auto answered = answer(request);
  if (answered.ok()) return std::move(answered).value().result();
  return cbor::Writer().map(1).text("Error").text(answered.error().reason.view()).result();
}

Result<cbor::Writer> Module::answer(ByteView request) {
  if (request.size() > limits::kNsmRequestBytes) return Error{ErrorCode::kLimit, "InputTooLarge"};
  cbor::Reader reader(request);
  if (const auto name = reader.text(); name.ok()) {
    if (!reader.expect_end().ok()) return invalid_argument();
    if (*name == "DescribeNSM") return describe_nsm();
    if (*name == "GetRandom") return get_random();
    return Error{ErrorCode::kMalformedRequest, "InvalidOperation"};
  }
  const auto count = reader.map();
  if (!count.ok() || *count != 1) return invalid_argument();
  const auto name = reader.text();
  if (!name.ok()) return invalid_argument();
  if (*name == "DescribePCR") return describe_pcr(reader);
  if (*name == "ExtendPCR") return extend_pcr(reader);
  if (*name == "LockPCR") return lock_pcr(reader);
  if (*name == "LockPCRs") return lock_pcrs(reader);
  if (*name == "Attestation") return attestation(reader);
  return Error{ErrorCode::kMalformedRequest, "InvalidOperation"};
}

Result<cbor::Writer> Module::describe_nsm() const {
  cbor::Writer writer;
  writer.map(1).text("DescribeNSM").map(7);
  writer.text("version_major").integer(1).text("version_minor").integer(0).text("version_patch").integer(0);
  writer.text("module_id").text("i-00000000000000000-enc0000000000000000").text("max_pcrs").integer(kPcrs);
  std::vector<std::int64_t> locked;
  for (std::size_t i = 0; i < kPcrs; ++i)
    if (registers_[i].locked) locked.push_back(static_cast<std::int64_t>(i));
  writer.text("locked_pcrs").array(locked.size());
  for (const std::int64_t index : locked) writer.integer(index);
  writer.text("digest").text("SHA384");
  return writer;
}

Result<cbor::Writer> Module::get_random() const {
  Bytes random(kRandomBytes);
  crypto::fill_random(random);
  cbor::Writer writer;
  writer.map(1).text("GetRandom").map(1).text("random").bytes(random);
  return writer;
}

Result<cbor::Writer> Module::describe_pcr(cbor::Reader& reader) const {
  NES_TRY_ASSIGN(const std::uint64_t index, only_number(reader, "index"));
  if (index >= kPcrs) return invalid_index();
  const Register& pcr = registers_[index];
  cbor::Writer writer;
  writer.map(1).text("DescribePCR").map(2).text("lock").boolean(pcr.locked).text("data").bytes(pcr.value);
  return writer;
}

Result<cbor::Writer> Module::extend_pcr(cbor::Reader& reader) {
  const auto count = reader.map();
  if (!count.ok() || *count != 2) return invalid_argument();
  std::optional<std::uint64_t> index;
  std::optional<Bytes> data;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto name = reader.text();
    if (!name.ok()) return invalid_argument();
    if (*name == "index" && !index) {
      const auto number = reader.unsigned_integer();
      if (!number.ok()) return invalid_argument();
      index = *number;
    } else if (*name == "data" && !data) {
      const auto bytes = reader.bytes();
      if (!bytes.ok()) return invalid_argument();
      data = Bytes(bytes->begin(), bytes->end());
    } else {
      return invalid_argument();
    }
  }
  if (!reader.expect_end().ok() || !index || !data) return invalid_argument();
  if (*index >= kPcrs) return invalid_index();
  Register& pcr = registers_[*index];
  if (pcr.locked) return read_only_index();
  const auto extended = sha384({pcr.value, *data});
  if (!extended.ok()) return internal_error();
  pcr.value = *extended;
  cbor::Writer writer;
  writer.map(1).text("ExtendPCR").map(1).text("data").bytes(pcr.value);
  return writer;
}

Result<cbor::Writer> Module::lock_pcr(cbor::Reader& reader) {
  NES_TRY_ASSIGN(const std::uint64_t index, only_number(reader, "index"));
  if (index >= kPcrs) return invalid_index();
  if (registers_[index].locked) return read_only_index();
  registers_[index].locked = true;
  cbor::Writer writer;
  writer.text("LockPCR");
  return writer;
}

// All below `range`.
Result<cbor::Writer> Module::lock_pcrs(cbor::Reader& reader) {
  NES_TRY_ASSIGN(const std::uint64_t range, only_number(reader, "range"));
  if (range > kPcrs) return invalid_index();
  for (std::size_t i = 0; i < range; ++i) registers_[i].locked = true;
  cbor::Writer writer;
  writer.text("LockPCRs");
  return writer;
}

Result<cbor::Writer> Module::attestation(cbor::Reader& reader) {
  NES_TRY_ASSIGN(const attest::DocumentRequest request, document_request(reader));
  const std::int64_t now_ms = clock_.unix_ms();
  if (now_ms / 1000 + kRenewBeforeS >= chain_.leaf_ends_unix_s()) {
    auto renewed = chain_.renewed(now_ms);
    if (!renewed.ok()) return internal_error();
    chain_ = std::move(renewed).value();
  }
  Pcrs pcrs;
  for (std::size_t i = 0; i < kPcrs; ++i)
    if (registers_[i].locked || registers_[i].value != attest::Pcr{})
      pcrs.emplace(static_cast<std::uint8_t>(i), registers_[i].value);
  const auto document = make_document(chain_, pcrs, request, now_ms);
  if (!document.ok())
    return document.error().code == ErrorCode::kLimit ? Error{ErrorCode::kLimit, "InputTooLarge"}
                                                      : internal_error();
  cbor::Writer writer;
  writer.map(1).text("Attestation").map(1).text("document").bytes(*document);
  return writer;
}

}  // namespace nes::nsm_emulator
