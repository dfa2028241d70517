#include "os/entropy.h"

#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "os/unique_fd.h"

namespace nes::os {

Result<void> add_entropy(ByteView seed) {
  constexpr std::size_t kMaxBytes = 512;
  if (seed.size() > kMaxBytes) return Error{ErrorCode::kLimit, "too much entropy at once"};
  const auto io_error = [] {
    return Error{ErrorCode::kIo, "the kernel takes no entropy", static_cast<std::uint64_t>(errno)};
  };
  const UniqueFd fd(::open("/dev/random", O_WRONLY | O_CLOEXEC));
  if (!fd) return io_error();
  // struct rand_pool_info with its flexible array.
  alignas(rand_pool_info) std::uint8_t request[sizeof(rand_pool_info) + kMaxBytes] = {};
  auto* info = new (request) rand_pool_info;
  info->entropy_count = static_cast<int>(seed.size() * 8);
  info->buf_size = static_cast<int>(seed.size());
  std::copy(seed.begin(), seed.end(), request + sizeof(rand_pool_info));
  if (::ioctl(fd.get(), RNDADDENTROPY, info) != 0) return io_error();
  return {};
}

}  // namespace nes::os
