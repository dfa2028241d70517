// boot-probe: a program for the boot test's image. Says on its console what it was given, and what the NSM
// says, then sends back what it receives on vsock port 5000, one peer at a time.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "attest/nsm_device.h"
#include "base/bytes.h"
#include "os/endpoint.h"

namespace {

constexpr std::uint32_t kEchoPort = 5000;
constexpr std::uint32_t kLowPort = 443;

void say_status() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    for (const char* name :
         {"Uid:", "Gid:", "Groups:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:"})
      if (line.starts_with(name)) std::printf("probe: %s\n", line.c_str());
}

void say_mounts() {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) std::printf("probe: mount %s\n", line.c_str());
}

nes::os::Endpoint listener_on(std::uint32_t port) {
  return {.transport = nes::os::Transport::kVsock, .host = {}, .cid = nes::os::kAnyCid, .port = port};
}

[[noreturn]] void echo() {
  const auto listener = nes::os::listen_on(listener_on(kEchoPort), 8);
  std::printf("probe: %s\n", listener.ok() ? "listens" : "does not listen");
  std::fflush(stdout);
  for (;;) {
    pollfd entry{listener->get(), POLLIN, 0};
    ::poll(&entry, 1, -1);
    const nes::os::UniqueFd peer(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    char buffer[4096];
    for (ssize_t got = 0; peer && (got = ::recv(peer.get(), buffer, sizeof buffer, 0)) > 0;)
      if (::send(peer.get(), buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) break;
  }
}

void print_all(int fd, const char* name) {
  std::string line;
  char byte = 0;
  while (::recv(fd, &byte, 1, 0) == 1) {
    if (byte != '\n') {
      line.push_back(byte);
      continue;
    }
    std::printf("%s: %s\n", name, line.c_str());
    std::fflush(stdout);
    line.clear();
  }
}

void set_blocking(int fd) { ::fcntl(fd, F_SETFL, 0); }

void ask(std::uint32_t cid, std::uint32_t port, const std::string& path) {
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: enclave\r\nConnection: close\r\n\r\n";
  for (int attempt = 0; attempt < 600; ++attempt) {
    const auto peer = nes::os::connect_to(
        {.transport = nes::os::Transport::kVsock, .host = {}, .cid = cid, .port = port}, 1000);
    if (!peer.ok()) {
      ::usleep(200'000);
      continue;
    }
    set_blocking(peer->get());
    ::send(peer->get(), request.data(), request.size(), MSG_NOSIGNAL);
    print_all(peer->get(), "answer");
    return;
  }
}

// `once_heard` runs in a process of its own when the first peer is there: vhost-device-vsock stops serving a
// guest that calls another one before it is up.
[[noreturn]] void receive(std::uint32_t port, const std::function<void()>& once_heard) {
  const auto listener = nes::os::listen_on(listener_on(port), 8);
  if (!listener.ok()) ::_exit(1);
  set_blocking(listener->get());
  for (bool heard = false;; heard = true) {
    const nes::os::UniqueFd peer(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (peer && !heard && ::fork() == 0) {
      once_heard();
      ::_exit(0);
    }
    if (peer) print_all(peer.get(), "received");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [argv](int i) {
    return static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10));
  };
  if (argc == 6 && std::string(argv[1]) == "receive")
    receive(number(2), [&] { ask(number(3), number(4), argv[5]); });
  if (argc == 3 && std::string(argv[1]) == "exit") return std::atoi(argv[2]);
  for (int i = 0; i < argc; ++i) std::printf("probe: argument %d [%s]\n", i, argv[i]);
  for (char** entry = ::environ; *entry != nullptr; ++entry) std::printf("probe: environment [%s]\n", *entry);
  char directory[4096];
  std::printf("probe: directory [%s]\n", ::getcwd(directory, sizeof directory));
  say_status();
  say_mounts();
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  std::printf("probe: memlock %s\n", limit.rlim_cur == RLIM_INFINITY ? "unlimited" : "limited");
  ::getrlimit(RLIMIT_CORE, &limit);
  std::printf("probe: core %llu\n", static_cast<unsigned long long>(limit.rlim_max));
  std::printf("probe: cmd and env %s\n",
              ::access("/cmd", F_OK) == 0 || ::access("/env", F_OK) == 0 ? "are there" : "are gone");
  std::printf("probe: low port %s\n", nes::os::bind_to(listener_on(kLowPort)).ok() ? "bound" : "refused");
  std::printf("probe: time %lld\n", static_cast<long long>(::time(nullptr)));
  const auto nsm = nes::attest::NsmDevice::open();
  for (std::uint16_t index = 0; nsm.ok() && index < 3; ++index) {
    const auto pcr = (*nsm)->describe_pcr(index);
    std::printf("probe: PCR%u %s\n", index, pcr.ok() ? nes::base::hex_encode(*pcr).c_str() : "none");
  }
  std::printf("probe: nsm %s\n", nsm.ok() ? "open" : "refused");
  echo();
}
