#include "http/http2_head.h"

#include "base/limits.h"
#include "http/char_class.h"
#include "http/request_head.h"

namespace nes::http {
namespace {

constexpr std::size_t kFieldOverheadBytes = 32;

bool is_lower_case_token(std::string_view name) noexcept {
  if (name.empty() || !is_all(name, kTokenChar)) return false;
  for (const char c : name)
    if (c >= 'A' && c <= 'Z') return false;
  return true;
}

// RFC 9113 section 8.2.2.
bool is_connection_specific(std::string_view name, std::string_view value) noexcept {
  return name == "connection" || name == "proxy-connection" || name == "keep-alive" ||
         name == "transfer-encoding" || name == "upgrade" ||
         (name == "te" && !equals_ignore_case(value, "trailers"));
}

}  // namespace

void Http2Head::clear() noexcept {
  drop_texts();
  list_bytes_ = field_count_ = 0;
  too_large_ = false;
}

void Http2Head::drop_texts() noexcept {
  for (WipedText* text : {&method_, &path_, &authority_, &host_, &fields_, &text_}) text->clear();
}

std::size_t Http2Head::held() const noexcept {
  std::size_t bytes = 0;
  for (const WipedText* text : {&method_, &path_, &authority_, &host_, &fields_, &text_})
    bytes += text->size();
  return bytes;
}

bool Http2Head::is_endless() const noexcept { return list_bytes_ > limits::kHttp2HeaderListBytes; }

bool Http2Head::add(std::string_view name, std::string_view value) {
  list_bytes_ += name.size() + value.size() + kFieldOverheadBytes;
  const bool is_field = !name.starts_with(':');
  if (is_field) ++field_count_;
  if (list_bytes_ > limits::kHttpHeadBytes || field_count_ >= limits::kHttpHeaders) {
    if (!too_large_) drop_texts();
    too_large_ = true;
  }
  if (too_large_) return true;
  if (!is_field) return add_pseudo(name, value);
  if (!is_lower_case_token(name) || !is_all(value, kValueChar) || is_connection_specific(name, value))
    return false;
  if (value != trim(value)) return false;  // section 8.2.1
  if (name == "host") {
    if (!host_.empty() || value.empty()) return false;
    host_.append(value);
    return true;
  }
  fields_.append(name).append(": ").append(value).append("\r\n");
  return true;
}

// That each is there once, and before the fields, nghttp2 has checked.
bool Http2Head::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    if (value.empty() || !is_all(value, kTokenChar)) return false;
    method_.append(value);
    return true;
  }
  if (name == ":path") {
    if (value.empty() || !is_all(value, kTargetChar)) return false;
    if (value.front() != '/' && value != "*") return false;
    path_.append(value);
    return true;
  }
  if (name == ":authority") {
    if (value.empty() || !is_all(value, kHostChar)) return false;
    authority_.append(value);
    return true;
  }
  return name == ":scheme" && (value == "https" || value == "http");
}

bool Http2Head::finish() {
  if (too_large_) return true;
  if (method_.empty() || (authority_.empty() && host_.empty())) return false;
  if (!authority_.empty() && !host_.empty() && !equals_ignore_case(authority_.view(), host_.view()))
    return false;
  // CONNECT has no path; its target is a host, which no route is, and RequestHead says so.
  const std::string_view host = authority_.empty() ? host_.view() : authority_.view();
  const std::string_view target = path_.empty() ? host : path_.view();
  constexpr std::string_view kVersionAndHost = " HTTP/1.1\r\nHost: ";
  text_.reserve(method_.size() + target.size() + kVersionAndHost.size() + host.size() + fields_.size() + 5);
  text_.append(method_.view()).append(" ").append(target).append(kVersionAndHost).append(host);
  text_.append("\r\n").append(fields_.view()).append("\r\n");
  return true;
}

}  // namespace nes::http
