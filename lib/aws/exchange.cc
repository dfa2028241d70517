#include "aws/exchange.h"

#include "base/check.h"
#include "base/limits.h"
#include "http/char_class.h"
#include "http/response_body.h"
#include "http/response_head.h"

namespace nes::aws {
namespace {

constexpr int kInterimAnswers = 4;

std::span<char> as_chars(ByteSpan bytes) noexcept {
  return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}

// No byte of a name, a value or a target can begin another line.
Result<std::string> write_head(const Address& address, const HttpRequest& request) {
  const Error malformed{ErrorCode::kMalformed, "a request with a control byte in its head"};
  if (request.target.empty() || !http::is_all(request.target, http::kTargetChar)) return malformed;
  std::string head(method_name(request.method));
  head += " " + request.target + " HTTP/1.1\r\nHost: " + address.authority() + "\r\n";
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || !http::is_all(name, http::kTokenChar) || !http::is_all(value, http::kValueChar))
      return malformed;
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  }
  if (request.method != http::Method::kGet)
    head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return head + "Connection: close\r\n\r\n";
}

// Appends what comes next to `buffer`; false at the end of the stream.
Result<bool> receive(os::Stream& stream, secret::SecretBytes& buffer, const Until& until) {
  const ByteSpan room = buffer.grow_uninitialized(limits::kReadBufferBytes);
  const Result<std::size_t> got = read_some(stream, as_chars(room), until);
  buffer.drop_unwritten(room.size() - (got.ok() ? *got : 0));
  if (!got.ok()) return got.error();
  return *got != 0;
}

// Reads up to the end of the final answer's head and leaves in `buffer` what came behind it.
Result<http::AnswerBody> read_head(os::Stream& stream, http::Method method, std::size_t max_body_bytes,
                                   secret::SecretBytes& buffer, HttpAnswer& answer, const Until& until) {
  http::AnswerHead head;
  for (int interim = 0;;) {
    NES_TRY_ASSIGN(const std::size_t size, http::AnswerHead::parse(as_text(buffer.reveal()), method, head));
    if (size == 0) {
      NES_TRY_ASSIGN(const bool more, receive(stream, buffer, until));
      if (!more) return Error{ErrorCode::kTruncated, "the answer's head ends early"};
      continue;
    }
    if (!head.is_interim()) {
      answer.status = head.status;
      for (std::size_t i = 0; i < head.field_count(); ++i)
        answer.headers.emplace_back(head.field(i).name, head.field(i).value);
      buffer.erase_front(size);
      const bool is_success = head.status >= 200 && head.status <= 299;
      return http::AnswerBody::begin(head, is_success ? max_body_bytes : limits::kAwsAnswerBytes);
    }
    if (head.status == 101 || ++interim > kInterimAnswers)
      return Error{ErrorCode::kMalformed, "an interim answer that nobody asked for"};
    buffer.erase_front(size);
  }
}

}  // namespace

std::string Address::authority() const {
  // RFC 3986 section 3.2.2: an IPv6 address stands in brackets.
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string_view HttpAnswer::header(std::string_view name) const noexcept {
  for (const auto& [have, value] : headers)
    if (http::equals_ignore_case(have, name)) return value;
  return {};
}

std::string_view method_name(http::Method method) noexcept {
  switch (method) {
    case http::Method::kGet: return "GET";
    case http::Method::kPut: return "PUT";
    case http::Method::kPost: return "POST";
    default: break;
  }
  NES_CHECK(false && "a method that this client does not send");
}

Result<std::unique_ptr<os::Stream>> open_stream(const Transport& transport, const Address& address,
                                                const Until& until) {
  NES_TRY_ASSIGN(os::UniqueFd fd, transport.dialer.dial(address.host, address.port, until.left_ms()));
  if (!address.tls) return std::unique_ptr<os::Stream>(std::make_unique<os::PlainStream>(std::move(fd)));
  if (transport.tls == nullptr) return Error{ErrorCode::kConfig, "no CA bundle to check the peer with"};
  NES_TRY_ASSIGN(std::unique_ptr<os::Stream> stream, transport.tls->connect(std::move(fd), address.host));
  NES_TRY(handshake(*stream, until));
  return stream;
}

Result<HttpAnswer> exchange(const Transport& transport, const Address& address, const HttpRequest& request,
                            std::size_t max_body_bytes, std::int64_t timeout_ms) {
  const Until until(transport.clock, timeout_ms);
  NES_TRY_ASSIGN(const std::string head, write_head(address, request));
  NES_TRY_ASSIGN(const std::unique_ptr<os::Stream> stream, open_stream(transport, address, until));
  NES_TRY(write_all(*stream, head, until));
  NES_TRY(write_all(*stream, request.body, until));

  HttpAnswer answer;
  secret::SecretBytes buffer;
  NES_TRY_ASSIGN(http::AnswerBody body,
                 read_head(*stream, request.method, max_body_bytes, buffer, answer, until));
  // The body is decoded in place, at the end of what there is of it.
  answer.body = std::move(buffer);
  for (std::size_t decoded = 0;;) {
    NES_TRY_ASSIGN(const auto progress, body.feed(as_chars(answer.body.reveal_mutable().subspan(decoded))));
    decoded += progress.produced;
    answer.body.resize(decoded);
    if (body.done()) break;
    NES_TRY_ASSIGN(const bool more, receive(*stream, answer.body, until));
    if (more) continue;
    NES_TRY(body.end());
    break;
  }
  stream->end();
  return answer;
}

}  // namespace nes::aws
