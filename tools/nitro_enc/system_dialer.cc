#include "tools/nitro_enc/system_dialer.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "aws/transfer.h"

namespace nes::nitro_enc {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Error io_error(int number) noexcept {
  return {ErrorCode::kIo, "the host cannot be reached", static_cast<std::uint64_t>(number)};
}

Result<Addresses> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  Addresses addresses(found);
  if (status == EAI_SYSTEM) return io_error(errno);
  if (status != 0 || !addresses) return Error{ErrorCode::kNotFound, "the host has no address"};
  return addresses;
}

Result<os::UniqueFd> connect(const addrinfo& address, const aws::Until& until) {
  os::UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return io_error(errno);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return io_error(errno);
  pollfd entry{fd.get(), POLLOUT, 0};
  int ready = 0;
  do ready = ::poll(&entry, 1, until.left_ms());
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return io_error(errno);
  if (ready == 0) return Error{ErrorCode::kTimeout, "the host does not answer"};
  int status = 0;
  socklen_t size = sizeof status;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &status, &size) != 0) return io_error(errno);
  if (status != 0) return io_error(status);
  return fd;
}

}  // namespace

Result<os::UniqueFd> SystemDialer::dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) {
  const aws::Until until(clock_, timeout_ms);
  NES_TRY_ASSIGN(const Addresses addresses, resolve(always_.value_or(std::string(host)), port));
  std::optional<Error> last;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    auto fd = connect(*address, until);
    if (fd.ok()) return fd;
    last = fd.error();
  }
  return *last;
}

}  // namespace nes::nitro_enc
