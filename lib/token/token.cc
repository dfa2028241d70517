#include "token/token.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "crypto/aead.h"
#include "crypto/hmac.h"
#include "crypto/random.h"
#include "token/format.h"

namespace nes::token {
namespace {

using crypto::AesGcmSiv;
using crypto::HmacSha256;

static_assert(kNonceSize == AesGcmSiv::kNonceSize && kTagSize == AesGcmSiv::kTagSize);
static_assert(kNonceSize == crypto::NoncePool::kNonceSize);

using Nonce = std::array<std::uint8_t, kNonceSize>;

// The only answer to a text that is not one of our tokens: why it is not would help whoever forges one.
constexpr Error kRejected{ErrorCode::kTokenRejected, "not a token that opens here"};

// "nitro-enc-svc/v2" || 0x00 || kid || 0x00 || context
class AssociatedData {
 public:
  AssociatedData(const KeyId& kid, std::string_view context) noexcept {
    NES_CHECK(context.size() <= limits::kContextBytes);
    append(kLabel);
    append({kid.data(), kid.size()});
    append(kSeparator);
    append(context);
  }
  ByteView view() const noexcept { return ByteView(bytes_).first(size_); }

 private:
  static constexpr std::string_view kSeparator{"\0", 1};
  static constexpr std::string_view kLabel{"nitro-enc-svc/v2\0", 17};

  void append(std::string_view text) noexcept {
    std::copy(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
  }

  std::array<std::uint8_t,
             kLabel.size() + std::tuple_size_v<KeyId> + kSeparator.size() + limits::kContextBytes>
      bytes_;  // append() fills what view() shows
  std::size_t size_ = 0;
};

// The first bytes of the HMAC of `parts`; what the nonce does not show of it is wiped.
Result<void> nonce_from_hmac(HmacSha256& mac, std::initializer_list<ByteView> parts, Nonce& nonce) {
  std::array<std::uint8_t, HmacSha256::kSize> digest{};
  NES_TRY(mac.compute(parts, digest));
  std::copy_n(digest.begin(), nonce.size(), nonce.begin());
  secret::wipe(digest);
  return {};
}

// What v1 uses: the DEK itself, for both the cipher and the nonce.
struct V1Handles {
  AesGcmSiv aead;
  HmacSha256 mac;
};

// Handles of one loaded key.
struct KeyHandles {
  KeyId kid;
  AesGcmSiv aead;
  std::optional<V1Handles> v1;
};

Result<KeyHandles> make_handles(const DataKey& key, bool accept_v1) {
  NES_TRY_ASSIGN(AesGcmSiv aead, AesGcmSiv::create(key.aead_key()));
  KeyHandles handles{.kid = key.kid(), .aead = std::move(aead), .v1 = std::nullopt};
  if (!accept_v1) return handles;
  NES_TRY_ASSIGN(AesGcmSiv v1_aead, AesGcmSiv::create(key.dek()));
  NES_TRY_ASSIGN(HmacSha256 v1_mac, HmacSha256::create(key.dek()));
  handles.v1.emplace(V1Handles{.aead = std::move(v1_aead), .mac = std::move(v1_mac)});
  return handles;
}

// A buffer of the cipher, lent for one call: empty again, and not too large, when the call is over.
class Lent {
 public:
  explicit Lent(secret::SecretBytes& bytes) noexcept : bytes_(bytes) {}
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() {
    if (bytes_.size() > limits::kTokenScratchBytes) {
      bytes_ = secret::SecretBytes();
    } else {
      bytes_.clear();
    }
  }

  ByteSpan resize(std::size_t size) {
    bytes_.resize(size);
    return bytes_.reveal_mutable();
  }

 private:
  secret::SecretBytes& bytes_;
};

class GcmSivTokenCipher final : public TokenCipher {
 public:
  GcmSivTokenCipher(std::vector<KeyHandles> keys, HmacSha256 nonce_mac, Options options) noexcept
      : keys_(std::move(keys)), nonce_mac_(std::move(nonce_mac)), options_(options) {}

  Result<void> seal(Mode mode, std::string_view context, ByteView plaintext,
                    secret::SecretBytes& out) override;
  Result<void> open(std::string_view context, std::span<const std::string> previous_contexts,
                    std::string_view token, secret::SecretBytes& plaintext, KeyId* opened_with) override;
  Result<void> open_bound(std::string_view context, std::string_view token, secret::SecretBytes& plaintext,
                          KeyId* opened_with) override;

 private:
  Result<void> make_nonce(Mode mode, std::string_view context, ByteView plaintext, Nonce& nonce);
  Result<void> open_v2(const V2Text& text, std::string_view context,
                       std::span<const std::string> previous_contexts, secret::SecretBytes& plaintext,
                       KeyId* opened_with);
  Result<void> open_v1(const V1Text& text, secret::SecretBytes& plaintext, KeyId* opened_with);

  std::vector<KeyHandles> keys_;  // newest first; [0] seals
  HmacSha256 nonce_mac_;          // of the sealing key
  crypto::NoncePool nonces_;
  secret::SecretBytes scratch_;
  Options options_;
};

Result<void> GcmSivTokenCipher::make_nonce(Mode mode, std::string_view context, ByteView plaintext,
                                           Nonce& nonce) {
  if (mode == Mode::kRandomized) {
    nonces_.take(nonce);
    return {};
  }
  std::array<std::uint8_t, 4> context_size{};
  base::store_u32be(static_cast<std::uint32_t>(context.size()), context_size.data());
  return nonce_from_hmac(nonce_mac_, {context_size, as_bytes(context), plaintext}, nonce);
}

Result<void> GcmSivTokenCipher::seal(Mode mode, std::string_view context, ByteView plaintext,
                                     secret::SecretBytes& out) {
  NES_CHECK(!plaintext.empty());
  KeyHandles& key = keys_.front();
  const AssociatedData aad(key.kid, context);
  Nonce nonce{};
  NES_TRY(make_nonce(mode, context, plaintext, nonce));

  Lent scratch(scratch_);
  const ByteSpan sealed = scratch.resize(kNonceSize + plaintext.size() + kTagSize);
  std::copy(nonce.begin(), nonce.end(), sealed.begin());
  NES_TRY(key.aead.seal(nonce, aad.view(), plaintext, sealed.subspan(kNonceSize)));

  // Public from here on: a nonce and what the AEAD made under it.
  const std::size_t before = out.size();
  out.resize(before + token_size(plaintext.size()));
  char* text = reinterpret_cast<char*>(out.reveal_mutable().data()) + before;
  text = std::copy(kV2Prefix.begin(), kV2Prefix.end(), text);
  text = std::copy(key.kid.begin(), key.kid.end(), text);
  *text++ = '.';
  base::base64url_encode_to(sealed, text);
  return {};
}

Result<void> GcmSivTokenCipher::open(std::string_view context, std::span<const std::string> previous_contexts,
                                     std::string_view token, secret::SecretBytes& plaintext,
                                     KeyId* opened_with) {
  if (const auto v2 = parse_v2(token))
    return open_v2(*v2, context, previous_contexts, plaintext, opened_with);
  if (!options_.accept_v1) return kRejected;
  if (const auto v1 = parse_v1(token)) return open_v1(*v1, plaintext, opened_with);
  return kRejected;
}

Result<void> GcmSivTokenCipher::open_bound(std::string_view context, std::string_view token,
                                           secret::SecretBytes& plaintext, KeyId* opened_with) {
  const auto v2 = parse_v2(token);
  return v2 ? open_v2(*v2, context, {}, plaintext, opened_with) : kRejected;
}

Result<void> GcmSivTokenCipher::open_v2(const V2Text& text, std::string_view context,
                                        std::span<const std::string> previous_contexts,
                                        secret::SecretBytes& plaintext, KeyId* opened_with) {
  Lent scratch(scratch_);
  const ByteSpan bytes = scratch.resize(base::base64url_decoded_size(text.sealed.size()));
  if (!base::base64url_decode_to(text.sealed, bytes.data())) return kRejected;
  const auto key = std::find_if(keys_.begin(), keys_.end(),
                                [&](const KeyHandles& handles) { return handles.kid == text.kid; });
  if (key == keys_.end()) return Error{ErrorCode::kKeyNotLoaded, "the token's key is not loaded"};

  const AesGcmSiv::Nonce nonce = bytes.first<kNonceSize>();
  const ByteView sealed = bytes.subspan(kNonceSize);
  const std::size_t before = plaintext.size();
  plaintext.resize(before + sealed.size() - kTagSize);
  const ByteSpan opened = plaintext.reveal_mutable().subspan(before);

  auto result = key->aead.open(nonce, AssociatedData(key->kid, context).view(), sealed, opened);
  for (const std::string& previous : previous_contexts) {
    if (result.ok() || result.error().code != ErrorCode::kMalformed) break;
    result = key->aead.open(nonce, AssociatedData(key->kid, previous).view(), sealed, opened);
  }
  if (!result.ok()) {
    plaintext.resize(before);
    return result.error().code == ErrorCode::kMalformed ? kRejected : result.error();
  }
  if (opened_with != nullptr) *opened_with = key->kid;
  return {};
}

Result<void> GcmSivTokenCipher::open_v1(const V1Text& text, secret::SecretBytes& plaintext,
                                        KeyId* opened_with) {
  Nonce nonce{};
  Lent scratch(scratch_);
  const ByteSpan sealed = scratch.resize(base::base64url_decoded_size(text.sealed.size()));
  if (!base::base64url_decode_to(text.nonce, nonce.data())) return kRejected;
  if (!base::base64url_decode_to(text.sealed, sealed.data())) return kRejected;

  const std::size_t before = plaintext.size();
  plaintext.resize(before + 1 + sealed.size() - kTagSize);
  const ByteSpan typed = plaintext.reveal_mutable().subspan(before);
  typed[0] = 's';
  const ByteSpan value = typed.subspan(1);

  const auto opens = [&](KeyHandles& key) -> Result<void> {
    NES_TRY(key.v1->aead.open(nonce, {}, sealed, value));
    // The seal covers the nonce already; v1 promises that it is the value's own as well.
    Nonce expected{};
    NES_TRY(nonce_from_hmac(key.v1->mac, {value}, expected));
    if (secret::equal_constant_time(nonce, expected)) return {};
    return Error{ErrorCode::kMalformed, "the nonce is not the value's"};
  };
  for (KeyHandles& key : keys_) {
    const auto result = opens(key);
    if (result.ok()) {
      if (opened_with != nullptr) *opened_with = key.kid;
      return {};
    }
    if (result.error().code == ErrorCode::kMalformed) continue;
    plaintext.resize(before);
    return result.error();
  }
  plaintext.resize(before);
  return kRejected;
}

}  // namespace

Result<std::unique_ptr<TokenCipher>> TokenCipher::make(const std::shared_ptr<const KeySet>& keys,
                                                       Options options) {
  NES_CHECK(keys != nullptr);
  std::vector<KeyHandles> handles;
  handles.reserve(keys->keys().size());
  for (const auto& key : keys->keys()) {
    NES_TRY_ASSIGN(KeyHandles made, make_handles(*key, options.accept_v1));
    handles.push_back(std::move(made));
  }
  NES_TRY_ASSIGN(HmacSha256 nonce_mac, HmacSha256::create(keys->sealing_key().nonce_key()));
  return std::unique_ptr<TokenCipher>(
      new GcmSivTokenCipher(std::move(handles), std::move(nonce_mac), options));
}

}  // namespace nes::token
