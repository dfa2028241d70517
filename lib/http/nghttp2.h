// nghttp2's objects as their owners, for http2_session.cc and http2_call.cc alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <nghttp2/nghttp2.h>

namespace nes::http {

template <auto kDelete>
struct Nghttp2Deleter {
  template <typename T>
  void operator()(T* object) const noexcept {
    kDelete(object);
  }
};
using Nghttp2Session = std::unique_ptr<nghttp2_session, Nghttp2Deleter<nghttp2_session_del>>;
using Nghttp2Callbacks =
    std::unique_ptr<nghttp2_session_callbacks, Nghttp2Deleter<nghttp2_session_callbacks_del>>;
using Nghttp2Option = std::unique_ptr<nghttp2_option, Nghttp2Deleter<nghttp2_option_del>>;

// Null where there is no memory.
inline Nghttp2Callbacks make_nghttp2_callbacks() noexcept {
  nghttp2_session_callbacks* raw = nullptr;
  return Nghttp2Callbacks(nghttp2_session_callbacks_new(&raw) == 0 ? raw : nullptr);
}
inline Nghttp2Option make_nghttp2_option() noexcept {
  nghttp2_option* raw = nullptr;
  return Nghttp2Option(nghttp2_option_new(&raw) == 0 ? raw : nullptr);
}

// A header field to be sent. nghttp2 copies both.
inline nghttp2_nv nghttp2_field(std::string_view name, std::string_view value) noexcept {
  return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

}  // namespace nes::http
