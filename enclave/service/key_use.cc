#include "enclave/service/key_use.h"

#include <algorithm>

namespace nes::service {

void KeyUseShard::note(const token::KeyId& kid, std::uint64_t opens, std::int64_t unix_ms) {
  const std::lock_guard lock(mutex_);
  auto found = std::find_if(uses_.begin(), uses_.end(), [&](const KeyUse& use) { return use.kid == kid; });
  if (found == uses_.end()) found = uses_.insert(found, {.kid = kid});
  found->opens += opens;
  found->last_open_unix_ms = std::max(found->last_open_unix_ms, unix_ms);
}

KeyUseShard& KeyUseRegistry::add_shard() {
  const std::lock_guard lock(mutex_);
  return shards_.emplace_back();
}

KeyUse KeyUseRegistry::total(const token::KeyId& kid) const {
  const std::lock_guard lock(mutex_);
  KeyUse total{.kid = kid};
  for (const KeyUseShard& shard : shards_) {
    const std::lock_guard shard_lock(shard.mutex_);
    for (const KeyUse& use : shard.uses_) {
      if (use.kid != kid) continue;
      total.opens += use.opens;
      total.last_open_unix_ms = std::max(total.last_open_unix_ms, use.last_open_unix_ms);
    }
  }
  return total;
}

}  // namespace nes::service
