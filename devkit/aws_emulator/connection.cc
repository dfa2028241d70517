#include "devkit/aws_emulator/connection.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "aws/transfer.h"
#include "aws/uri.h"
#include "base/check.h"
#include "base/limits.h"
#include "http/char_class.h"
#include "http/request_body.h"
#include "http/request_head.h"
#include "http/response.h"

namespace nes::aws_emulator {
namespace {

constexpr std::size_t kFillerBytes = 65'536;  // at a time

// Appends what comes next to `buffer`; false when nothing more comes, or not in time.
bool receive(os::Stream& stream, std::string& buffer, const aws::Until& until) {
  const std::size_t size = buffer.size();
  buffer.resize(size + limits::kReadBufferBytes);
  const auto got = aws::read_some(stream, std::span(buffer).subspan(size), until);
  buffer.resize(size + (got.ok() ? *got : 0));
  return got.ok() && *got > 0;
}

std::string write_head(const Reply& reply, std::uint64_t length, bool keep_alive) {
  const int status = reply.answer.status;
  // The phrase means nothing (RFC 9112 section 4), but botocore takes no status line without one while it
  // waits for 100.
  std::string out = "HTTP/1.1 " + std::to_string(status) + (status < 400 ? " OK\r\n" : " Error\r\n");
  for (const auto& [name, value] : reply.answer.headers) {
    NES_CHECK(!name.empty() && http::is_all(name, http::kTokenChar) && http::is_all(value, http::kValueChar));
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (status != 204 && (status != 304 || reply.announced_length))
    out += "content-length: " + std::to_string(length) + "\r\n";
  if (!keep_alive) out += "connection: close\r\n";
  return out + "\r\n";
}

class Connection {
 public:
  Connection(os::Stream& stream, const Clock& clock, const Handler& handler,
             const std::atomic<bool>& stopping)
      : stream_(stream), clock_(clock), handler_(handler), stopping_(stopping) {}

  void run() {
    if (!aws::handshake(stream_, aws::Until(clock_, limits::kHandshakeTimeoutMs)).ok()) return;
    while (!stopping_ && serve_one()) {
    }
    stream_.end();
  }

 private:
  // False when the connection has come to its end.
  bool serve_one() {
    http::RequestHead head;
    std::size_t head_size = 0;
    const aws::Until idle(clock_, limits::kEmulatorIdleTimeoutMs);
    for (std::size_t searched = 0; head_size == 0;) {
      const auto parsed = http::RequestHead::parse(buffer_, head, searched);
      if (!parsed.ok()) return refuse(parsed.error());
      head_size = *parsed;
      if (head_size == 0 && !receive(stream_, buffer_, idle)) return false;
    }
    Request request;
    if (!take_head(head, head_size, request))
      return refuse({ErrorCode::kMalformedRequest, "a target is not encoded"});
    auto body = http::BodyReader::begin(head, limits::kEmulatorBodyBytes);
    if (!body.ok()) return refuse(body.error());
    const bool keep_alive = head.keep_alive && !stopping_;
    const bool expects = head.expect_continue && !body->done();
    buffer_.erase(0, head_size);  // the head's views end here
    const aws::Until until(clock_, limits::kEmulatorTransferTimeoutMs);
    if (expects && !aws::write_all(stream_, "HTTP/1.1 100 Continue\r\n\r\n", until).ok()) return false;
    if (const auto read = read_body(*body, request.body, until); !read.ok()) return refuse(read.error());
    const Reply reply = handler_(request);
    return send(reply, keep_alive) && keep_alive;
  }

  bool take_head(const http::RequestHead& head, std::size_t size, Request& request) const {
    // The request line begins with the method; parse() has checked the line.
    std::string_view text(buffer_.data(), size);
    while (text.starts_with("\r\n")) text.remove_prefix(2);
    request.method = text.substr(0, text.find(' '));
    request.path = head.path;
    auto query = aws::parse_query(head.query);
    if (!query || !request.path.starts_with('/')) return false;
    request.query = *std::move(query);
    for (std::size_t i = 0; i < head.field_count(); ++i)
      request.headers.emplace_back(head.field(i).name, head.field(i).value);
    return true;
  }

  // Moves the body out of `buffer_` and leaves there what follows it.
  Result<void> read_body(http::BodyReader& reader, std::string& body, const aws::Until& until) {
    while (!reader.done()) {
      if (buffer_.empty() && !receive(stream_, buffer_, until))
        return Error{ErrorCode::kTimeout, "a body ends early, or takes too long"};
      NES_TRY_ASSIGN(const auto progress, reader.feed(buffer_));
      body.append(buffer_, 0, progress.produced);
      buffer_.erase(0, progress.consumed);
    }
    return {};
  }

  bool send(const Reply& reply, bool keep_alive) {
    for (std::int64_t left_ms = reply.delay_ms; left_ms > 0 && !stopping_; left_ms -= kPauseMs)
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left_ms, kPauseMs)));
    const std::uint64_t length = reply.announced_length.value_or(reply.answer.body.size());
    std::string text = write_head(reply, length, keep_alive);
    const std::uint64_t body_bytes = reply.without_body ? 0 : reply.answer.body.size() + reply.filler_bytes;
    if (!reply.without_body) text += reply.answer.body;
    if (reply.drop) text.resize(text.size() / 2);
    const aws::Until until(clock_, limits::kEmulatorTransferTimeoutMs);
    if (!aws::write_all(stream_, text, until).ok() || reply.drop) return false;
    if (!reply.without_body && !send_filler(reply.filler_bytes)) return false;
    return reply.without_body || body_bytes == length;
  }

  bool send_filler(std::uint64_t bytes) {
    const std::string filler(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kFillerBytes)), 'x');
    while (bytes > 0 && !stopping_) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, filler.size()));
      const aws::Until until(clock_, limits::kEmulatorTransferTimeoutMs);
      if (!aws::write_all(stream_, std::string_view(filler).substr(0, piece), until).ok()) return false;
      bytes -= piece;
    }
    return bytes == 0;
  }

  // What is no HTTP is answered with its status and ends the connection.
  bool refuse(const Error& error) {
    Reply reply;
    reply.answer.status = http::status_of(error.code);
    send(reply, false);
    return false;
  }

  static constexpr std::int64_t kPauseMs = 50;

  os::Stream& stream_;
  const Clock& clock_;
  const Handler& handler_;
  const std::atomic<bool>& stopping_;
  std::string buffer_;  // received, and not yet taken
};

}  // namespace

void serve_connection(os::Stream& stream, const Clock& clock, const Handler& handler,
                      const std::atomic<bool>& stopping) {
  Connection(stream, clock, handler, stopping).run();
}

}  // namespace nes::aws_emulator
