#include "tools/nitro_enc/attest_source.h"

#include <algorithm>
#include <memory>

#include "aws/transfer.h"
#include "base/limits.h"
#include "http/response_body.h"
#include "http/response_head.h"
#include "tls/unverified_probe.h"
#include "tools/nitro_enc/system_dialer.h"

namespace nes::nitro_enc {
namespace {

// Of one answer, head and body.
Result<Bytes> read_answer(os::Stream& stream, const aws::Until& until) {
  std::string received;
  const auto receive = [&]() -> Result<bool> {
    char piece[4096];
    NES_TRY_ASSIGN(const std::size_t got, aws::read_some(stream, piece, until));
    received.append(piece, got);
    return got != 0;
  };
  http::AnswerHead head;
  std::size_t head_size = 0;
  while (head_size == 0) {
    NES_TRY_ASSIGN(const bool more, receive());
    if (!more) return Error{ErrorCode::kTruncated, "the answer ends early"};
    NES_TRY_ASSIGN(head_size, http::AnswerHead::parse(received, http::Method::kGet, head));
  }
  if (head.status != 200)
    return Error{ErrorCode::kIo, "it refuses the request", static_cast<std::uint64_t>(head.status)};
  NES_TRY_ASSIGN(http::AnswerBody body, http::AnswerBody::begin(head, limits::kAttestationDocumentBytes));
  received.erase(0, head_size);
  // Decoded in place, at the end of what there is of it.
  for (std::size_t decoded = 0;;) {
    NES_TRY_ASSIGN(const auto progress, body.feed(std::span(received).subspan(decoded)));
    decoded += progress.produced;
    received.resize(decoded);
    if (body.done()) break;
    NES_TRY_ASSIGN(const bool more, receive());
    if (more) continue;
    NES_TRY(body.end());
    break;
  }
  const ByteView bytes = as_bytes(received);
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace

Result<Fetched> fetch_document(const Url& url, ByteView nonce, const Clock& clock) {
  const aws::Until until(clock, limits::kAwsAttemptTimeoutMs);
  SystemDialer dialer(clock);
  NES_TRY_ASSIGN(os::UniqueFd fd, dialer.dial(url.address.host, url.address.port, until.left_ms()));
  NES_TRY_ASSIGN(const auto probe,
                 tls::UnverifiedProbe::create(std::move(fd), url.address.authority(), nonce));
  NES_TRY(aws::handshake(*probe, until));
  NES_TRY(aws::write_all(*probe, probe->request(), until));
  NES_TRY_ASSIGN(Bytes document, read_answer(*probe, until));
  probe->end();
  return Fetched{std::move(document), probe->public_key_der(), probe->chain_der()};
}

Result<Bytes> decode_document(std::string_view content) {
  constexpr std::uint8_t kFirstBinary = 0x80;
  const ByteView bytes = as_bytes(content);
  if (!bytes.empty() && bytes.front() >= kFirstBinary) return Bytes(bytes.begin(), bytes.end());
  std::string text;
  std::ranges::copy_if(content, std::back_inserter(text),
                       [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
  auto decoded = base::base64_decode(text);
  if (!decoded || decoded->empty())
    return Error{ErrorCode::kMalformed, "neither an attestation document nor its base64"};
  return std::move(*decoded);
}

}  // namespace nes::nitro_enc
