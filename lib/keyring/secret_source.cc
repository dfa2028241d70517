#include "keyring/secret_source.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/remote_code.h"
#include "base/limits.h"

namespace nes::keyring {
namespace {

using aws::SecretVersion;

constexpr std::size_t kDekBytes = 32;

bool has_stage(const SecretVersion& version, std::string_view stage) {
  return std::find(version.stages.begin(), version.stages.end(), stage) != version.stages.end();
}

bool is_wanted(const SecretVersion& version) {
  return std::any_of(version.stages.begin(), version.stages.end(), [](const std::string& stage) {
    return stage == "AWSCURRENT" || stage == "AWSPENDING" || stage == "AWSPREVIOUS" ||
           stage.starts_with("NES-");
  });
}

// Seconds since 1970; 0, older than all others, if the answer does not say.
double created(const SecretVersion& version) {
  double seconds = 0;
  std::from_chars(version.created.data(), version.created.data() + version.created.size(), seconds);
  return seconds;
}

// Whether the error is about this version, and not about AWS or the way to it just now.
bool is_of_the_version(const Error& error) {
  const auto remote = aws::remote_code_of(error);
  if (!remote) return error.code == ErrorCode::kMalformed || error.code == ErrorCode::kLimit;
  switch (*remote) {
    case aws::RemoteCode::kInvalidCiphertext:
    case aws::RemoteCode::kIncorrectKey:
    case aws::RemoteCode::kKeyUnusable:
    case aws::RemoteCode::kInvalidRequest:
    case aws::RemoteCode::kAccessDenied:
    case aws::RemoteCode::kNotFound:
    case aws::RemoteCode::kOther: return true;  // such as Secrets Manager's DecryptionFailure
    default: return false;
  }
}

}  // namespace

Result<Bytes> ciphertext_of(const aws::SecretValue& value) {
  if (value.binary) return *value.binary;
  constexpr std::string_view kSpace = " \t\r\n";
  std::string_view text = value.text ? std::string_view(*value.text) : std::string_view();
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  auto decoded = base::base64_decode(text);
  if (!decoded || decoded->empty()) return Error{ErrorCode::kMalformed, "the secret's text is not base64"};
  return std::move(*decoded);
}

Result<Opened> SecretKeySource::open(const std::string& version_id) {
  NES_TRY_ASSIGN(const aws::SecretValue value,
                 secrets_.get(secret_arn_, {.by = aws::VersionSelector::By::kId, .value = version_id}));
  NES_TRY_ASSIGN(const Bytes ciphertext, ciphertext_of(value));
  NES_TRY_ASSIGN(Opened opened, decrypter_.open(ciphertext, secret_arn_));
  if (opened.plaintext.size() != kDekBytes)
    return Error{ErrorCode::kMalformed, "the secret does not hold a key of 32 bytes"};
  return opened;
}

Result<FetchedKeys> SecretKeySource::fetch() {
  NES_TRY_ASSIGN(std::vector<SecretVersion> versions, secrets_.list_versions(secret_arn_));
  std::erase_if(versions, [](const SecretVersion& version) { return !is_wanted(version); });
  if (versions.size() > limits::kLoadedKeys)
    return Error{ErrorCode::kLimit, "the secret has too many versions in use"};
  std::stable_sort(versions.begin(), versions.end(),
                   [](const SecretVersion& a, const SecretVersion& b) { return created(a) > created(b); });
  FetchedKeys fetched;
  bool has_current = false;
  std::map<std::string, secret::SecretBytes> opened_now;
  for (const SecretVersion& version : versions) {
    const bool is_current = has_stage(version, "AWSCURRENT");
    const auto known = opened_.find(version.version_id);
    secret::SecretBytes dek;
    if (!is_current && known != opened_.end()) {
      dek = secret::SecretBytes::copy_of(known->second.reveal());
    } else {
      auto opened = open(version.version_id);
      if (!opened.ok() && (is_current || !is_of_the_version(opened.error()))) return opened.error();
      if (!opened.ok()) {
        ++fetched.unreadable;
        continue;
      }
      if (is_current) fetched.encryption_context = opened->context;
      dek = std::move(opened->plaintext);
    }
    if (is_current) {
      fetched.sealing = fetched.keys.size();
      has_current = true;
    }
    opened_now.emplace(version.version_id, secret::SecretBytes::copy_of(dek.reveal()));
    fetched.keys.push_back({.dek = std::move(dek), .version_id = version.version_id});
  }
  if (!has_current) return Error{ErrorCode::kNotFound, "the secret has no version AWSCURRENT"};
  opened_ = std::move(opened_now);
  return fetched;
}

}  // namespace nes::keyring
