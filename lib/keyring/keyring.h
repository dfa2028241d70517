// The keys that are loaded, and their refresh (CONTRACTS section 6).
//
// A refresh asks the source for all keys and replaces the set whole; whatever goes wrong, the last good set
// stays.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/published.h"
#include "base/result.h"
#include "secret/secret.h"
#include "token/token.h"

namespace nes::keyring {

// A data encryption key as its source has it.
struct FetchedKey {
  secret::SecretBytes dek;
  std::string version_id;  // its source's name for it; no secret
};

struct FetchedKeys {
  std::vector<FetchedKey> keys;  // newest first; all open
  std::size_t sealing = 0;       // the index of the one that seals
  std::size_t unreadable = 0;    // left out: AWS refuses to open them, or they hold no key
  // Under which encryption context KMS gave out the one that seals; nothing if it is not from KMS.
  std::optional<base::StaticText> encryption_context{};
};

// Where keys come from. Called from one thread at a time; may block.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual Result<FetchedKeys> fetch() = 0;
};

struct RefreshOutcome {
  bool changed = false;        // another set is published than before
  std::size_t refused = 0;     // keys left out because an older one has their kid
  std::size_t unreadable = 0;  // this and the next as the source says
  std::optional<base::StaticText> encryption_context{};
};

using VersionIds = std::map<token::KeyId, std::string>;

// Thread rule: refresh() from one thread at a time; the others from any.
class Keyring {
 public:
  // `source` must outlive the keyring.
  explicit Keyring(KeySource& source) noexcept : source_(source) {}

  // kMalformed if the source has no key or one that is not 32 bytes, or if the key that is to seal has the
  // kid of an older one; else the source's error. After an error the former set stays published.
  Result<RefreshOutcome> refresh();

  const base::Published<token::KeySet>& keys() const noexcept { return keys_; }
  // The version that each of them is in the source. Published a moment after the keys.
  const base::Published<VersionIds>& version_ids() const noexcept { return version_ids_; }

 private:
  KeySource& source_;
  base::Published<token::KeySet> keys_;
  base::Published<VersionIds> version_ids_;
};

}  // namespace nes::keyring
