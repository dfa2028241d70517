// nghttp2's objects as their owners, for http2_session.cc and http2_call.cc alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct nghttp2_option;
struct nghttp2_session;
struct nghttp2_session_callbacks;

namespace nes::http {

struct Nghttp2Deleter {
  void operator()(nghttp2_option* option) const noexcept;
  void operator()(nghttp2_session* session) const noexcept;
  void operator()(nghttp2_session_callbacks* callbacks) const noexcept;
};
template <typename T>
using Nghttp2Ptr = std::unique_ptr<T, Nghttp2Deleter>;

// Null where there is no memory.
Nghttp2Ptr<nghttp2_session_callbacks> make_nghttp2_callbacks() noexcept;
Nghttp2Ptr<nghttp2_option> make_nghttp2_option() noexcept;
// A server's side of a connection. What it holds, header fields above all, is overwritten when it is given
// back. `user_data` is what its callbacks are given.
Nghttp2Ptr<nghttp2_session> make_nghttp2_server(const nghttp2_session_callbacks& callbacks,
                                                const nghttp2_option& option, void* user_data) noexcept;

// A header field to be sent, as an nghttp2_nv (a type without a name that could be declared here). nghttp2
// copies both.
template <typename Pair>
Pair nghttp2_field(std::string_view name, std::string_view value) noexcept {
  return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = 0};
}

}  // namespace nes::http
