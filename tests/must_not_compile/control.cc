// What the cases do wrongly, done rightly. Must compile, or the cases show nothing.
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "secret/secret.h"
#include "token/token.h"

nes::Result<int> answer() { return 42; }

nes::Result<void> use() {
  nes::secret::SecretBytes original(32);
  const nes::secret::SecretBytes moved = std::move(original);
  const nes::secret::SecretBytes copy = nes::secret::SecretBytes::copy_of(moved.reveal());
  if (!nes::secret::equal_constant_time(moved.reveal(), copy.reveal()))
    return nes::Error{nes::ErrorCode::kInternal, "copies are equal"};
  const std::string_view text = nes::as_text(copy.reveal());

  NES_TRY_ASSIGN(const int value, answer());
  NES_TRY_ASSIGN(std::shared_ptr<const nes::token::DataKey> key, nes::token::DataKey::derive(moved));
  NES_TRY_ASSIGN(const std::shared_ptr<const nes::token::KeySet> keys, nes::token::KeySet::make({key}));
  const nes::token::DataKey& same = *keys->keys()[0];
  if (value != 42 || text.empty() || same.kid() != key->kid())
    return nes::Error{nes::ErrorCode::kInternal, "nothing here is run"};
  return {};
}
