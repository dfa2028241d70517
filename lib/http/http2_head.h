// The header list of an HTTP/2 request (RFC 9113 section 8.3), spelled as an HTTP/1.1 head.
//
// The spelling cannot be broken out of: names are lower-case tokens, values hold no control byte, the method
// is a token and the path has no space. What a head means, and its limits, are RequestHead::parse's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nes::http {

class Http2Head {
 public:
  void clear() noexcept;

  // One field, pseudo-header fields first. False: the request is malformed. A list over its limits
  // (SETTINGS_MAX_HEADER_LIST_SIZE counts 32 bytes a field, RFC 9113 section 6.5.2) is not: see text().
  bool add(std::string_view name, std::string_view value);

  // After the last field. False: the request is malformed, such as one whose Host is not its :authority.
  bool finish();

  bool too_large() const noexcept { return too_large_; }
  // After finish(), until clear(): the head, or nothing if it is too large.
  std::string_view text() const noexcept { return text_; }

 private:
  bool add_pseudo(std::string_view name, std::string_view value);

  std::string method_;
  std::string path_;
  std::string authority_;
  std::string host_;
  std::string fields_;
  std::string text_;
  std::size_t list_bytes_ = 0;
  std::size_t field_count_ = 0;
  bool too_large_ = false;
};

}  // namespace nes::http
