#include "host/vsock_proxy/ask.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/limits.h"
#include "http/char_class.h"
#include "http/response_body.h"
#include "http/response_head.h"

namespace nes::vsock_proxy {
namespace {

class Exchange {
 public:
  Exchange(os::UniqueFd fd, std::int64_t until_ms) noexcept : fd_(std::move(fd)), until_ms_(until_ms) {}

  Result<void> send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t put = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (put > 0) {
        data.remove_prefix(static_cast<std::size_t>(put));
      } else {
        NES_TRY(wait(POLLOUT));
      }
    }
    return {};
  }

  // Appends what comes; false at the end of the stream.
  Result<bool> receive(std::string& buffer) {
    char chunk[4096];
    for (;;) {
      const ssize_t got = ::recv(fd_.get(), chunk, sizeof chunk, 0);
      if (got >= 0) {
        buffer.append(chunk, static_cast<std::size_t>(got));
        return got > 0;
      }
      NES_TRY(wait(POLLIN));
    }
  }

 private:
  Result<void> wait(short events) {
    if (errno == EINTR) return {};
    if (errno != EAGAIN)
      return Error{ErrorCode::kIo, "the connection failed", static_cast<std::uint64_t>(errno)};
    const std::int64_t left_ms = until_ms_ - clock_.monotonic_ms();
    pollfd entry{fd_.get(), events, 0};
    if (left_ms <= 0 || ::poll(&entry, 1, static_cast<int>(left_ms)) == 0)
      return Error{ErrorCode::kTimeout, "no answer in time"};
    return {};
  }

  base::SystemClock clock_;
  os::UniqueFd fd_;
  std::int64_t until_ms_;
};

std::string_view method_name(http::Method method) noexcept {
  return method == http::Method::kPut ? "PUT" : method == http::Method::kPost ? "POST" : "GET";
}

Result<std::string> head_of(const Question& question) {
  const Error malformed{ErrorCode::kMalformed, "a request with a control byte in its head"};
  if (question.target.empty() || !http::is_all(question.target, http::kTargetChar)) return malformed;
  std::string head(method_name(question.method));
  head += " " + question.target + " HTTP/1.1\r\nHost: " + question.host + "\r\n";
  for (const auto& [name, value] : question.headers) {
    if (!http::is_all(value, http::kValueChar)) return malformed;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (question.method != http::Method::kGet) head += "Content-Length: 0\r\n";
  return head + "Connection: close\r\n\r\n";
}

}  // namespace

Result<Answer> ask(const os::Endpoint& endpoint, const Question& question, int timeout_ms) {
  const std::int64_t until_ms = base::SystemClock().monotonic_ms() + timeout_ms;
  NES_TRY_ASSIGN(const std::string request, head_of(question));
  NES_TRY_ASSIGN(os::UniqueFd fd, os::connect_to(endpoint, timeout_ms));
  Exchange exchange(std::move(fd), until_ms);
  NES_TRY(exchange.send(request));

  std::string buffer;
  http::AnswerHead head;
  std::size_t size = 0;
  while (size == 0) {
    NES_TRY_ASSIGN(const bool more, exchange.receive(buffer));
    NES_TRY_ASSIGN(size, http::AnswerHead::parse(buffer, question.method, head));
    if (size == 0 && !more) return Error{ErrorCode::kTruncated, "the answer's head ends early"};
    if (size != 0 && head.is_interim()) return Error{ErrorCode::kMalformed, "an interim answer"};
  }
  Answer answer{.status = head.status, .body = {}};
  NES_TRY_ASSIGN(http::AnswerBody body, http::AnswerBody::begin(head, limits::kCredentialsBytes));
  buffer.erase(0, size);
  for (;;) {
    NES_TRY_ASSIGN(const auto progress, body.feed(std::span<char>(buffer)));
    answer.body.append(buffer, 0, progress.produced);
    buffer.clear();
    if (body.done()) return answer;
    NES_TRY_ASSIGN(const bool more, exchange.receive(buffer));
    if (more) continue;
    NES_TRY(body.end());
    return answer;
  }
}

}  // namespace nes::vsock_proxy
