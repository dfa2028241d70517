// The keys that are loaded, and their refresh (CONTRACTS section 6).
//
// A refresh asks the source for all keys and replaces the set whole; whatever goes wrong, the last good set
// stays.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/published.h"
#include "base/result.h"
#include "secret/secret.h"
#include "token/token.h"

namespace nes::keyring {

// Data encryption keys as their source has them, newest first. The first one seals; all open.
struct FetchedKeys {
  std::vector<secret::SecretBytes> deks;
};

// Where keys come from. Called from one thread at a time; may block.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual Result<FetchedKeys> fetch() = 0;
};

struct RefreshOutcome {
  bool changed = false;     // another set is published than before
  std::size_t refused = 0;  // keys left out because an older one has their kid
};

// Thread rule: refresh() from one thread at a time; keys() from any.
class Keyring {
 public:
  // `source` must outlive the keyring.
  explicit Keyring(KeySource& source) noexcept : source_(source) {}

  // kMalformed if the source has no key or one that is not 32 bytes, or if the key that is to seal has the
  // kid of an older one; else the source's error. After an error the former set stays published.
  Result<RefreshOutcome> refresh();

  const base::Published<token::KeySet>& keys() const noexcept { return keys_; }

 private:
  KeySource& source_;
  base::Published<token::KeySet> keys_;
};

}  // namespace nes::keyring
