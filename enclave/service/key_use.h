// How often each key has opened a token, and when last: what /v1/keys shows, and what decides whether a key
// may be retired (CONTRACTS section 6).
//
// Each thread notes in a shard of its own, once a request, behind a lock that only a reader of the totals
// contends.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "token/token.h"

namespace nes::service {

struct KeyUse {
  token::KeyId kid{};
  std::uint64_t opens = 0;
  std::int64_t last_open_unix_ms = 0;
};

class KeyUseShard {
 public:
  void note(const token::KeyId& kid, std::uint64_t opens, std::int64_t unix_ms);

 private:
  friend class KeyUseRegistry;
  mutable std::mutex mutex_;
  std::vector<KeyUse> uses_;
};

// Thread rule: any thread. Shards live as long as the registry.
class KeyUseRegistry {
 public:
  // One a thread.
  KeyUseShard& add_shard();
  // Over all shards; zeros for a key that has opened nothing.
  KeyUse total(const token::KeyId& kid) const;

 private:
  mutable std::mutex mutex_;
  std::deque<KeyUseShard> shards_;
};

}  // namespace nes::service
