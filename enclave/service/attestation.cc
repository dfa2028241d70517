#include "enclave/service/attestation.h"

#include <utility>

namespace nes::service {

Result<Bytes> parse_nonce(std::string_view query) {
  constexpr std::string_view kParameter = "nonce=";
  constexpr std::size_t kMinBytes = 16, kMaxBytes = 64;
  const Error malformed{ErrorCode::kMalformedRequest, "the query is not one nonce of 16 to 64 bytes"};
  if (!query.starts_with(kParameter)) return malformed;
  query.remove_prefix(kParameter.size());
  if (query.size() > base::base64url_encoded_size(kMaxBytes)) return malformed;
  auto nonce = base::base64url_decode(query);
  if (!nonce || nonce->size() < kMinBytes) return malformed;
  return std::move(*nonce);
}

Result<Bytes> Attestation::document(Bytes nonce, Bytes user_data) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  const Error limited{ErrorCode::kRateLimited, "attestation documents are limited"};
  if (!lock.owns_lock()) return limited;
  const std::int64_t now_ms = clock_.monotonic_ms();
  if (count_ == begun_ms_.size()) {
    if (now_ms - begun_ms_[oldest_] < 1000) return limited;
  } else {
    ++count_;
  }
  begun_ms_[oldest_] = now_ms;
  oldest_ = (oldest_ + 1) % begun_ms_.size();
  auto document = nsm_.attest({.user_data = std::move(user_data), .nonce = std::move(nonce)});
  if (!document.ok()) return Error{ErrorCode::kInternal, document.error().reason};
  return document;
}

}  // namespace nes::service
