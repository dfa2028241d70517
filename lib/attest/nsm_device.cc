#include "attest/nsm_device.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "attest/nsm_codec.h"
#include "base/limits.h"

namespace nes::attest {
namespace {

// struct nsm_raw of linux/nsm.h: the request, and room for the response, whose length the kernel writes.
struct Span {
  std::uint64_t address;
  std::uint64_t length;
};
struct RawMessage {
  Span request;
  Span response;
};
constexpr unsigned long kRawRequest = _IOWR(0x0A, 0x0, RawMessage);
static_assert(kRawRequest == 0xC0200A00);

Error io_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

}  // namespace

Result<std::unique_ptr<NsmDevice>> NsmDevice::open() {
  os::UniqueFd fd(::open("/dev/nsm", O_RDWR | O_CLOEXEC));
  if (!fd) return io_error("there is no Nitro Secure Module that can be opened");
  return std::unique_ptr<NsmDevice>(new NsmDevice(std::move(fd)));
}

Result<Bytes> NsmDevice::ask(ByteView request) {
  Bytes response(limits::kNsmResponseBytes);
  RawMessage message{{reinterpret_cast<std::uintptr_t>(request.data()), request.size()},
                     {reinterpret_cast<std::uintptr_t>(response.data()), response.size()}};
  const std::lock_guard lock(mutex_);
  int status = 0;
  do status = ::ioctl(fd_.get(), kRawRequest, &message);
  while (status != 0 && errno == EINTR);
  if (status != 0) return io_error("the NSM does not answer");
  if (message.response.length > response.size())
    return Error{ErrorCode::kMalformed, "the NSM's answer is longer than its buffer"};
  response.resize(message.response.length);
  return response;
}

Result<Bytes> NsmDevice::attest(const DocumentRequest& request) {
  NES_TRY_ASSIGN(const Bytes message, encode_attestation_request(request));
  NES_TRY_ASSIGN(const Bytes response, ask(message));
  return decode_attestation_response(response);
}

Result<Pcr> NsmDevice::describe_pcr(std::uint16_t index) {
  NES_TRY_ASSIGN(const Bytes response, ask(encode_describe_pcr_request(index)));
  return decode_describe_pcr_response(response);
}

Result<Bytes> NsmDevice::random() {
  NES_TRY_ASSIGN(const Bytes response, ask(encode_get_random_request()));
  return decode_get_random_response(response);
}

}  // namespace nes::attest
