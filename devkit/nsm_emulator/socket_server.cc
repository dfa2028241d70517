#include "devkit/nsm_emulator/socket_server.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <list>
#include <thread>

#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::nsm_emulator {
namespace {

Error io_error() noexcept {
  return {ErrorCode::kIo, "a system call failed", static_cast<std::uint64_t>(errno)};
}

// False at the end of the stream, or when it fails.
bool receive_all(int fd, ByteSpan out) {
  while (!out.empty()) {
    const ssize_t got = ::recv(fd, out.data(), out.size(), 0);
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

void serve_connection(int fd, Module& module) {
  // One byte more than the NSM takes, so that it is the module that says InputTooLarge.
  constexpr std::size_t kMaxRequest = limits::kNsmRequestBytes + 1;
  std::uint8_t length[4];
  while (receive_all(fd, length)) {
    std::size_t size = 0;
    for (const std::uint8_t byte : length) size = size << 8 | byte;
    if (size > kMaxRequest) return;
    Bytes request(size);
    if (!receive_all(fd, request)) return;
    const Bytes response = module.handle(request);
    base::store_u32be(static_cast<std::uint32_t>(response.size()), length);
    if (!send_all(fd, length) || !send_all(fd, response)) return;
  }
}

// The connections' threads, and their ends.
class Connections {
 public:
  explicit Connections(Module& module) noexcept : module_(module) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections() {
    for (Entry& entry : entries_) ::shutdown(entry.fd.get(), SHUT_RDWR);
    for (Entry& entry : entries_) entry.thread.join();
  }

  // Hangs up if there are too many.
  void add(os::UniqueFd fd) {
    entries_.remove_if([](Entry& entry) {
      if (!entry.done) return false;
      entry.thread.join();
      return true;
    });
    if (entries_.size() >= limits::kEmulatorConnections) return;
    Entry& entry = entries_.emplace_back();
    entry.fd = std::move(fd);
    entry.thread = std::thread([this, &entry] {
      serve_connection(entry.fd.get(), module_);
      ::shutdown(entry.fd.get(), SHUT_RDWR);
      entry.done = true;
    });
  }

 private:
  struct Entry {
    os::UniqueFd fd;
    std::thread thread;
    std::atomic<bool> done{false};
  };
  Module& module_;
  std::list<Entry> entries_;
};

// What an emulator left there that was killed; anything but a socket stays, and is in the way.
void remove_stale_socket(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

Result<os::UniqueFd> listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{ErrorCode::kMalformed, "the path is too long"};
  std::copy(path.begin(), path.end(), address.sun_path);
  os::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  remove_stale_socket(path);
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0)
    return io_error();
  return fd;
}

}  // namespace

Result<void> serve(const std::string& path, Module& module, void (*ready)()) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  const os::UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!signals) return io_error();
  NES_TRY_ASSIGN(const os::UniqueFd listener, listen_on(path));
  ready();
  Connections connections(module);
  pollfd entries[] = {{signals.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(entries, std::size(entries), -1) < 0) {
      if (errno == EINTR) continue;
      return io_error();
    }
    if (entries[0].revents != 0) break;
    if (entries[1].revents == 0) continue;
    os::UniqueFd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (fd) connections.add(std::move(fd));
  }
  signalfd_siginfo taken{};  // so that it is not pending any more
  const bool ok = ::read(signals.get(), &taken, sizeof taken) == static_cast<ssize_t>(sizeof taken);
  ::unlink(path.c_str());
  if (!ok) return io_error();
  return {};
}

}  // namespace nes::nsm_emulator
