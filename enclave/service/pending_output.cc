#include "enclave/service/pending_output.h"

#include <utility>

#include "base/limits.h"
#include "enclave/service/chars.h"

namespace nes::service {

void PendingOutput::append(std::span<const char> data) { bytes_.append(chars_as_bytes(data)); }

void PendingOutput::send(os::Stream& stream, std::span<const char> data) {
  while (empty() && !data.empty()) {
    const os::StreamResult sent = stream.write(data);
    data = data.subspan(sent.bytes);
    if (sent.status != os::StreamStatus::kOk) break;
  }
  append(data);
}

void PendingOutput::send(os::Stream& stream, secret::SecretBytes& bytes, std::size_t begin) {
  std::size_t sent = begin;
  while (empty() && sent < bytes.size()) {
    const os::StreamResult result = stream.write(as_chars(bytes.reveal()).subspan(sent));
    sent += result.bytes;
    if (result.status != os::StreamStatus::kOk) break;
  }
  if (!empty() || bytes.size() - sent <= limits::kKeptBufferBytes)
    return append(as_chars(bytes.reveal()).subspan(sent));
  bytes_ = std::move(bytes);
  sent_ = sent;
}

os::StreamStatus PendingOutput::flush(os::Stream& stream, std::size_t& sent) {
  while (sent_ < bytes_.size()) {
    const os::StreamResult result = stream.write(as_chars(bytes_.reveal()).subspan(sent_));
    sent_ += result.bytes;
    sent += result.bytes;
    if (result.status != os::StreamStatus::kOk) return result.status;
  }
  clear();
  return os::StreamStatus::kOk;
}

void PendingOutput::clear() noexcept {
  bytes_ = {};
  sent_ = 0;
}

}  // namespace nes::service
