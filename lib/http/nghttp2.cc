#include "http/nghttp2.h"

#include <nghttp2/nghttp2.h>

namespace nes::http {

void Nghttp2Deleter::operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
void Nghttp2Deleter::operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
void Nghttp2Deleter::operator()(nghttp2_session_callbacks* callbacks) const noexcept {
  nghttp2_session_callbacks_del(callbacks);
}

Nghttp2Ptr<nghttp2_session_callbacks> make_nghttp2_callbacks() noexcept {
  nghttp2_session_callbacks* raw = nullptr;
  return Nghttp2Ptr<nghttp2_session_callbacks>(nghttp2_session_callbacks_new(&raw) == 0 ? raw : nullptr);
}

Nghttp2Ptr<nghttp2_option> make_nghttp2_option() noexcept {
  nghttp2_option* raw = nullptr;
  return Nghttp2Ptr<nghttp2_option>(nghttp2_option_new(&raw) == 0 ? raw : nullptr);
}

}  // namespace nes::http
