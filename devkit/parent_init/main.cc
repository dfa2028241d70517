// parent-init: PID 1 of the guest that plays the parent instance. Where something fails it says so and goes
// on: this is a laboratory, and its console is read.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "devkit/parent_init/commands.h"
#include "devkit/parent_init/programs.h"
#include "os/endpoint.h"
#include "os/unique_fd.h"

#include <net/if.h>
#include <net/route.h>

namespace {

constexpr const char* kAddress = "10.0.2.15";  // QEMU's user network, fixed
constexpr const char* kMask = "255.255.255.0";
constexpr const char* kGateway = "10.0.2.2";
constexpr std::uint32_t kHeartbeatPort = 9000;
constexpr std::uint8_t kHeartbeat = 0xB7;

void complain(const char* what) { std::printf("parent-init: %s: %s\n", what, std::strerror(errno)); }

void mount_at(const char* type, const char* target) {
  ::mkdir(target, 0755);
  if (::mount(type, target, type, 0, nullptr) != 0) complain(target);
}

void open_console() {
  const int fd = ::open("/dev/console", O_RDWR | O_NOCTTY);
  for (int standard = 0; fd >= 0 && standard <= 2; ++standard) ::dup2(fd, standard);
  if (fd > 2) ::close(fd);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
}

ifreq named(const char* interface) {
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  return request;
}

sockaddr ipv4(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &address.sin_addr);
  sockaddr result{};
  std::memcpy(&result, &address, sizeof result);
  return result;
}

void bring_up(int fd, const char* interface) {
  ifreq request = named(interface);
  if (::ioctl(fd, SIOCGIFFLAGS, &request) != 0) return complain(interface);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(fd, SIOCSIFFLAGS, &request) != 0) complain(interface);
}

void bring_up_network() {
  const nes::os::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return complain("network");
  bring_up(fd.get(), "lo");
  ifreq address = named("eth0");
  address.ifr_addr = ipv4(kAddress);
  ifreq mask = named("eth0");
  mask.ifr_netmask = ipv4(kMask);
  if (::ioctl(fd.get(), SIOCSIFADDR, &address) != 0 || ::ioctl(fd.get(), SIOCSIFNETMASK, &mask) != 0)
    return complain("eth0");
  bring_up(fd.get(), "eth0");
  rtentry route{};
  route.rt_dst = ipv4("0.0.0.0");
  route.rt_genmask = ipv4("0.0.0.0");
  route.rt_gateway = ipv4(kGateway);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  if (::ioctl(fd.get(), SIOCADDRT, &route) != 0) complain("route");
}

// Sends back every byte of every peer, one peer after the other.
[[noreturn]] void answer_heartbeats() {
  const auto listener = nes::os::listen_on(
      {.transport = nes::os::Transport::kVsock, .host = {}, .cid = nes::os::kAnyCid, .port = kHeartbeatPort},
      8);
  if (!listener.ok()) {
    complain("heartbeat");
    ::_exit(1);
  }
  for (;;) {
    pollfd entry{listener->get(), POLLIN, 0};
    ::poll(&entry, 1, -1);
    const nes::os::UniqueFd peer(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::uint8_t byte = 0;
    if (!peer || ::recv(peer.get(), &byte, 1, 0) != 1) continue;
    std::printf("parent-init: heartbeat 0x%02X\n", byte);
    if (byte == kHeartbeat && ::send(peer.get(), &byte, 1, MSG_NOSIGNAL) != 1) complain("heartbeat");
  }
}

}  // namespace

int main() {
  if (::getpid() != 1) {
    std::fputs("parent-init: runs as PID 1 of a QEMU guest\n", stderr);
    return 2;
  }
  mount_at("devtmpfs", "/dev");
  open_console();
  mount_at("proc", "/proc");
  mount_at("sysfs", "/sys");
  mount_at("tmpfs", "/run");
  mount_at("tmpfs", "/tmp");
  bring_up_network();
  std::fflush(stdout);
  if (::fork() == 0) answer_heartbeats();
  if (::fork() == 0) nes::parent_init::serve_commands();
  std::map<pid_t, std::string> running;
  for (const auto& words : nes::parent_init::read_programs("/programs"))
    running[nes::parent_init::start(words)] = words.front();
  std::puts("parent-init: ready");
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0) ::pause();
    if (const auto name = running.find(ended); name != running.end())
      nes::parent_init::say_ended(name->second.c_str(), status);
  }
}
