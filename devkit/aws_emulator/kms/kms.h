// AWS KMS, as far as keys here need it: symmetric keys with policies, grants and aliases, and Recipient
// answered for enclaves whose attestation documents verify. Limits, errors and fields as AWS has them.
// Asymmetric and multi-Region keys, imported material, rotation, tags and key stores are not kept.
//
// A document is verified under Options::root at the clock's time. Documents of debug mode (PCRs of zeros) are
// not refused as such: their PCRs are what the policy's conditions are compared with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "attest/document.h"
#include "attest/trust_root.h"
#include "base/clock.h"
#include "base/result.h"
#include "devkit/aws_emulator/api.h"
#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/kms/access.h"
#include "devkit/aws_emulator/kms/envelope.h"
#include "devkit/aws_emulator/kms/parameters.h"
#include "devkit/aws_emulator/kms/state.h"

namespace nes::aws_emulator {

class Kms final : public JsonService {
 public:
  struct Options {
    std::string account;
    std::string region;
    attest::TrustRoot root = attest::TrustRoot::aws_nitro();
    ContentForm recipient_content{};
  };

  // Reads the state `kms`. The references must outlive this. kIo; kMalformed.
  static Result<Kms> open(Store& store, const Clock& clock, Options options);

  // A change is saved before it is answered; an operation that is refused changes nothing.
  Answer call(std::string_view operation, std::string_view body, const Caller& caller) override;

 private:
  using Operation = Answer (Kms::*)(const KmsParameters&, const Caller&);
  struct Named;  // an operation by its name
  static const Named* find_operation(std::string_view name) noexcept;

  // A key, or why there is none.
  struct Found {
    StoredKey* key = nullptr;
    std::optional<Answer> refusal{};
  };
  // A verified document, if one came, or why it is none.
  struct Attested {
    std::optional<attest::Document> document{};
    std::optional<Answer> refusal{};
  };
  enum class Name : std::uint8_t { kKey, kKeyOrAlias };  // what a KeyId may be

  Kms(Store& store, const Clock& clock, Options options) noexcept
      : store_(&store), clock_(&clock), options_(std::move(options)) {}

  // keys.cc
  Answer create_key(const KmsParameters& parameters, const Caller& caller);
  Answer describe_key(const KmsParameters& parameters, const Caller& caller);
  Answer list_keys(const KmsParameters& parameters, const Caller& caller);
  Answer enable_key(const KmsParameters& parameters, const Caller& caller);
  Answer disable_key(const KmsParameters& parameters, const Caller& caller);
  Answer schedule_key_deletion(const KmsParameters& parameters, const Caller& caller);
  Answer cancel_key_deletion(const KmsParameters& parameters, const Caller& caller);
  Answer set_enabled(const KmsParameters& parameters, const Caller& caller, bool enabled);
  std::string key_metadata(const StoredKey& key) const;

  // aliases.cc
  Answer create_alias(const KmsParameters& parameters, const Caller& caller);
  Answer delete_alias(const KmsParameters& parameters, const Caller& caller);
  Answer list_aliases(const KmsParameters& parameters, const Caller& caller);

  // policies.cc
  Answer get_key_policy(const KmsParameters& parameters, const Caller& caller);
  Answer put_key_policy(const KmsParameters& parameters, const Caller& caller);
  Answer list_key_policies(const KmsParameters& parameters, const Caller& caller);
  // Why `policy` may not become the policy of `key`; nothing if it may.
  std::optional<Answer> check_policy(const std::string& policy, const StoredKey& key,
                                     const KmsParameters& parameters, const Caller& caller) const;

  // grants.cc
  Answer create_grant(const KmsParameters& parameters, const Caller& caller);
  Answer list_grants(const KmsParameters& parameters, const Caller& caller);
  Answer revoke_grant(const KmsParameters& parameters, const Caller& caller);
  Answer retire_grant(const KmsParameters& parameters, const Caller& caller);

  // cryptography.cc
  Answer encrypt(const KmsParameters& parameters, const Caller& caller);
  Answer decrypt(const KmsParameters& parameters, const Caller& caller);
  Answer re_encrypt(const KmsParameters& parameters, const Caller& caller);
  Answer generate_data_key(const KmsParameters& parameters, const Caller& caller);
  Answer generate_data_key_without_plaintext(const KmsParameters& parameters, const Caller& caller);
  Answer generate_random(const KmsParameters& parameters, const Caller& caller);
  Answer data_key(const KmsParameters& parameters, const Caller& caller, bool with_plaintext);
  // The key that `ciphertext` is under, which must be the one named, if one is.
  Found find_key_of(const Bytes& ciphertext, const std::optional<std::string>& named, const Caller& caller);
  // A recipient's document, verified now.
  Attested attest(const std::optional<RecipientInfo>& recipient) const;
  // Plaintext, or CiphertextForRecipient in its place.
  std::optional<Answer> add_plaintext(const std::optional<attest::Document>& recipient,
                                      const Bytes& plaintext, JsonObject& out) const;

  Found find_key(const std::optional<std::string>& name, Name allowed, const Caller& caller);
  // By policy and grants, and for DryRun; then by the key's state where `must_be_enabled`.
  std::optional<Answer> refuse(const Access& access, const StoredKey& key, const Caller& caller,
                               const KmsParameters& parameters) const;
  // For what belongs to no key: callers of this account alone.
  std::optional<Answer> refuse_foreign(std::string_view operation, const Caller& caller) const;
  std::string key_arn(std::string_view id) const;
  std::string alias_arn(std::string_view name) const;
  void remove_what_is_due();

  Store* store_;
  const Clock* clock_;
  Options options_;
  KmsState state_;
};

}  // namespace nes::aws_emulator
