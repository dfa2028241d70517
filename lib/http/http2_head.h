// The header list of an HTTP/2 request (RFC 9113 section 8.3), spelled as an HTTP/1.1 head.
//
// The spelling cannot be broken out of: names are lower-case tokens, values hold no control byte, the method
// is a token and the path has no space. What a head means, and its limits, are RequestHead::parse's.
//
// A few bytes can stand for kilobytes of a list (RFC 7541 section 6.1): what is over the limits is neither
// kept nor looked at.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/wiped_text.h"

namespace nes::http {

class Http2Head {
 public:
  // For the next list. Wipes this one.
  void clear() noexcept;

  // One field, pseudo-header fields first. False: the request is malformed. A list over its limits
  // (SETTINGS_MAX_HEADER_LIST_SIZE counts 32 bytes a field, RFC 9113 section 6.5.2) is not: see text().
  bool add(std::string_view name, std::string_view value);

  // After the last field. False: the request is malformed, such as one whose Host is not its :authority.
  bool finish();

  bool too_large() const noexcept { return too_large_; }
  // Far over its limits: nobody should decode the rest of it.
  bool is_endless() const noexcept;
  // After finish(), until clear(): the head, or nothing if it is too large.
  std::string_view text() const noexcept { return text_.view(); }
  std::size_t held() const noexcept;

 private:
  bool add_pseudo(std::string_view name, std::string_view value);

  void drop_texts() noexcept;

  WipedText method_;
  WipedText path_;
  WipedText authority_;
  WipedText host_;
  WipedText fields_;
  WipedText text_;
  std::size_t list_bytes_ = 0;
  std::size_t field_count_ = 0;
  bool too_large_ = false;
};

}  // namespace nes::http
