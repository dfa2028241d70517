#include "keyring/keyring.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace nes::keyring {
namespace {

using KeyPtr = std::shared_ptr<const token::DataKey>;

bool same_keys(const token::KeySet& set, const std::vector<KeyPtr>& keys) {
  return std::equal(
      set.keys().begin(), set.keys().end(), keys.begin(), keys.end(), [](const KeyPtr& a, const KeyPtr& b) {
        return a->kid() == b->kid() && secret::equal_constant_time(a->dek().reveal(), b->dek().reveal());
      });
}

// Newest first, without those whose kid an older one has. One key that is there twice is not a collision.
std::vector<KeyPtr> without_collisions(const std::vector<KeyPtr>& keys, std::size_t& refused) {
  std::vector<KeyPtr> kept;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto is_same_kid = [&](const KeyPtr& other) { return other->kid() == keys[i]->kid(); };
    const auto is_same_key = [&](const KeyPtr& other) {
      return secret::equal_constant_time(other->dek().reveal(), keys[i]->dek().reveal());
    };
    if (std::any_of(kept.begin(), kept.end(), is_same_key)) continue;
    const auto older =
        std::find_if(keys.begin() + static_cast<std::ptrdiff_t>(i) + 1, keys.end(),
                     [&](const KeyPtr& other) { return is_same_kid(other) && !is_same_key(other); });
    if (older != keys.end())
      ++refused;
    else
      kept.push_back(keys[i]);
  }
  return kept;
}

}  // namespace

Result<RefreshOutcome> Keyring::refresh() {
  NES_TRY_ASSIGN(const FetchedKeys fetched, source_.fetch());
  if (fetched.keys.empty()) return Error{ErrorCode::kMalformed, "there is no key"};
  NES_CHECK(fetched.sealing < fetched.keys.size());
  std::vector<KeyPtr> keys;
  for (const FetchedKey& key : fetched.keys) {
    NES_TRY_ASSIGN(KeyPtr derived, token::DataKey::derive(key.dek));
    keys.push_back(std::move(derived));
  }
  RefreshOutcome outcome{.unreadable = fetched.unreadable, .encryption_context = fetched.encryption_context};
  std::vector<KeyPtr> kept = without_collisions(keys, outcome.refused);
  const KeyPtr& sealing = keys[fetched.sealing];
  const auto at = std::find_if(kept.begin(), kept.end(), [&](const KeyPtr& key) {
    return secret::equal_constant_time(key->dek().reveal(), sealing->dek().reveal());
  });
  if (at == kept.end())
    return Error{ErrorCode::kMalformed, "the key that is to seal has the id of an older one"};
  std::rotate(kept.begin(), at, at + 1);
  const auto current = keys_.get();
  if (current != nullptr && same_keys(*current, kept)) return outcome;
  VersionIds version_ids;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (std::find(kept.begin(), kept.end(), keys[i]) != kept.end())
      version_ids.emplace(keys[i]->kid(), fetched.keys[i].version_id);
  NES_TRY_ASSIGN(auto set, token::KeySet::make(std::move(kept)));
  keys_.publish(std::move(set));
  version_ids_.publish(std::make_shared<const VersionIds>(std::move(version_ids)));
  outcome.changed = true;
  return outcome;
}

}  // namespace nes::keyring
