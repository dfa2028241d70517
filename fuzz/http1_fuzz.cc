// Reads the input as a connection's bytes, as a server does: heads and bodies until an error or the end.
// However the bytes are split, the same requests come out and the same error ends them; what a head refers to
// lies inside the buffer, and an accepted head holds no shape that another server could frame otherwise.
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "http/request_body.h"
#include "http/request_head.h"

namespace {

using nes::ErrorCode;
using nes::http::BodyFraming;
using nes::http::BodyReader;
using nes::http::RequestHead;

constexpr std::uint64_t kBodyLimit = 300;

struct Request {
  std::string head;  // its bytes
  std::string path;
  bool keep_alive = false;
  std::string body;  // as far as it came

  friend bool operator==(const Request&, const Request&) = default;
};

struct Outcome {
  std::vector<Request> requests;
  std::optional<ErrorCode> error;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

bool is_inside(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

std::optional<std::string_view> only(const RequestHead& head, std::string_view name) {
  const auto found = head.find_single(name);
  NES_CHECK(found.ok());
  return *found;
}

void check_head(const RequestHead& head, std::string_view bytes) {
  NES_CHECK(bytes.ends_with("\r\n\r\n"));
  NES_CHECK(is_inside(head.target, bytes));
  NES_CHECK(is_inside(head.path, head.target) || head.path == "/");
  NES_CHECK(head.query.empty() || is_inside(head.query, head.target));
  NES_CHECK(head.path.starts_with('/') || head.path == "*");
  NES_CHECK(head.field_count() <= nes::limits::kHttpHeaders);
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    NES_CHECK(!head.field(i).name.empty() && is_inside(head.field(i).name, bytes));
    NES_CHECK(is_inside(head.field(i).value, bytes));
    NES_CHECK(head.field(i).value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  NES_CHECK(only(head, "Host").has_value() || head.minor_version == 0);
  const auto length = only(head, "Content-Length");
  const auto coding = only(head, "Transfer-Encoding");
  NES_CHECK(length.has_value() == (head.framing == BodyFraming::kContentLength));
  NES_CHECK(coding.has_value() == (head.framing == BodyFraming::kChunked));
  if (length) NES_CHECK(length->find_first_not_of("0123456789") == std::string_view::npos);
  if (coding) NES_CHECK(nes::http::equals_ignore_case(*coding, "chunked"));
}

class Server {
 public:
  // Returns false after an error: nothing more is read.
  bool receive(std::string_view bytes) {
    const std::size_t unread = buffer_.size();
    buffer_.append(bytes);
    return reader_ ? read_body(unread) : read_heads();
  }
  Outcome take_outcome() {
    if (reader_ && !outcome_.error) outcome_.requests.back().body = buffer_;
    return std::move(outcome_);
  }

 private:
  // buffer_ begins with a head.
  bool read_heads() {
    while (!reader_) {
      RequestHead head;
      const auto size = parse_exactly(head);
      if (!size.ok()) return fail(size.error());
      if (*size == 0) return true;
      auto reader = BodyReader::begin(head, kBodyLimit);
      outcome_.requests.push_back({buffer_.substr(0, *size), std::string(head.path), head.keep_alive, ""});
      buffer_.erase(0, *size);
      if (!reader.ok()) return fail(reader.error());
      reader_.emplace(*reader);
      if (!read_body(0)) return false;
    }
    return true;
  }

  // A block of exactly the size parsed, so that AddressSanitizer sees a read past the end.
  nes::Result<std::size_t> parse_exactly(RequestHead& head) {
    exact_.reset(new char[buffer_.size()]);
    buffer_.copy(exact_.get(), buffer_.size());
    const auto size = RequestHead::parse({exact_.get(), buffer_.size()}, head, searched_);
    if (size.ok() && *size > 0) {
      NES_CHECK(*size <= buffer_.size() && *size <= nes::limits::kHttpHeadBytes);
      check_head(head, {exact_.get(), *size});
    }
    return size;
  }

  // buffer_ begins with the body so far, and from `unread` on with what its reader has not seen.
  bool read_body(std::size_t unread) {
    const std::span<char> input = std::span<char>(buffer_).subspan(unread);
    const auto progress = reader_->feed(input);
    if (!progress.ok()) return fail(progress.error());
    NES_CHECK(progress->produced <= progress->consumed && progress->consumed <= input.size());
    NES_CHECK(progress->done || progress->consumed == input.size());
    NES_CHECK(progress->done == reader_->done());
    const std::size_t body_size = unread + progress->produced;
    NES_CHECK(body_size <= kBodyLimit);
    buffer_.erase(body_size, progress->consumed - progress->produced);
    if (!progress->done) return true;
    outcome_.requests.back().body = buffer_.substr(0, body_size);
    buffer_.erase(0, body_size);
    reader_.reset();
    return read_heads();
  }

  bool fail(const nes::Error& error) {
    outcome_.error = error.code;
    return false;
  }

  std::string buffer_;
  std::unique_ptr<char[]> exact_;
  std::size_t searched_ = 0;
  std::optional<BodyReader> reader_;
  Outcome outcome_;
};

// Serves `input` in pieces of 1 to `most` bytes, whose sizes follow from `seed`; one piece if `most` is 0.
Outcome serve(std::string_view input, std::size_t most, std::uint32_t seed) {
  Server server;
  while (!input.empty()) {
    seed = seed * 1'664'525 + 1'013'904'223;  // Numerical Recipes' linear congruence
    const std::size_t size =
        most == 0 ? input.size() : std::min<std::size_t>(1 + (seed >> 16) % most, input.size());
    if (!server.receive(input.substr(0, size))) break;
    input.remove_prefix(size);
  }
  return server.take_outcome();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::uint32_t seed = static_cast<std::uint32_t>(size);
  for (const char c : input) seed = seed * 31 + static_cast<unsigned char>(c);
  const Outcome whole = serve(input, 0, seed);
  NES_CHECK(serve(input, 1, seed) == whole);
  NES_CHECK(serve(input, 40, seed) == whole);
  return 0;
}
