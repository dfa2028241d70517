// parent-tamper: what a hostile parent can do to the bytes that pass through it.
//
//   parent-tamper LISTEN TARGET up|down flip N    inverts a bit of every Nth byte
//   parent-tamper LISTEN TARGET up|down cut N     ends a connection after N bytes
//   parent-tamper LISTEN TARGET up|down replay 0  sends the bytes of the first connection in every later one
//
// `up` is from who connects to TARGET, `down` back. LISTEN and TARGET are endpoints (os/endpoint.h).
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "os/endpoint.h"
#include "os/unique_fd.h"

namespace {

using nes::os::Endpoint;
using nes::os::UniqueFd;

enum class Deed { kFlip, kCut, kReplay };

struct Plan {
  Endpoint target;
  bool up = false;
  Deed deed = Deed::kFlip;
  std::size_t every = 0;
};

// The bytes of the first connection in the direction of the plan.
struct Recording {
  std::mutex mutex;
  bool taken = false;  // somebody records
  std::vector<char> bytes;
};

bool send_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    pollfd entry{fd, POLLOUT, 0};
    ::poll(&entry, 1, -1);
    const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

// Changes `data`, which begins at `offset` of its stream; the bytes of it that go on.
std::size_t tamper(const Plan& plan, std::size_t offset, char* data, std::size_t size) {
  if (plan.deed == Deed::kCut) return std::min(size, plan.every - std::min(offset, plan.every));
  if (plan.deed == Deed::kFlip)
    for (std::size_t i = 0; i < size; ++i)
      if ((offset + i + 1) % plan.every == 0) data[i] = static_cast<char>(data[i] ^ 1);
  return size;
}

void carry(int from, int to, const Plan* plan, Recording* recording, bool records) {
  std::array<char, 16384> buffer{};
  std::size_t offset = 0;
  for (;;) {
    pollfd entry{from, POLLIN, 0};
    ::poll(&entry, 1, -1);
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    auto size = static_cast<std::size_t>(got);
    if (recording != nullptr) {
      const std::lock_guard lock(recording->mutex);
      if (records) {
        recording->bytes.insert(recording->bytes.end(), buffer.data(), buffer.data() + size);
      } else {  // as much as came, of what was recorded
        size = std::min(size, recording->bytes.size() - std::min(offset, recording->bytes.size()));
        std::copy_n(recording->bytes.data() + offset, size, buffer.data());
      }
    } else if (plan != nullptr) {
      size = tamper(*plan, offset, buffer.data(), size);
    }
    offset += size;
    if (size == 0 || !send_all(to, buffer.data(), size)) break;
    if (plan != nullptr && plan->deed == Deed::kCut && offset >= plan->every) break;
  }
  // A direction that has ended ends the other as well: this one is no friend of half-open streams.
  ::shutdown(from, SHUT_RDWR);
  ::shutdown(to, SHUT_RDWR);
}

void serve(UniqueFd client, const Plan& plan, Recording& recording) {
  auto target = nes::os::connect_to(plan.target, 10'000);
  if (!target.ok()) return;
  bool records = false;
  if (plan.deed == Deed::kReplay) {
    const std::lock_guard lock(recording.mutex);
    records = !std::exchange(recording.taken, true);
  }
  Recording* const tape = plan.deed == Deed::kReplay ? &recording : nullptr;
  std::thread upward([&] {
    carry(client.get(), target->get(), plan.up ? &plan : nullptr, plan.up ? tape : nullptr, records);
  });
  carry(target->get(), client.get(), plan.up ? nullptr : &plan, plan.up ? nullptr : tape, records);
  upward.join();
}

bool parse(int argc, char** argv, Endpoint& listen, Plan& plan) {
  if (argc != 6) return false;
  const auto at = nes::os::parse_endpoint(argv[1]);
  const auto to = nes::os::parse_endpoint(argv[2]);
  const std::string_view direction = argv[3], deed = argv[4];
  plan.every = static_cast<std::size_t>(std::strtoull(argv[5], nullptr, 10));
  if (!at.ok() || !to.ok() || (direction != "up" && direction != "down")) return false;
  if (deed != "flip" && deed != "cut" && deed != "replay") return false;
  listen = *at;
  plan.target = *to;
  plan.up = direction == "up";
  plan.deed = deed == "flip" ? Deed::kFlip : deed == "cut" ? Deed::kCut : Deed::kReplay;
  return plan.deed == Deed::kReplay || plan.every > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Endpoint listen;
  Plan plan;
  if (!parse(argc, argv, listen, plan)) {
    std::fputs("usage: parent-tamper LISTEN TARGET up|down flip|cut|replay N\n", stderr);
    return 2;
  }
  const auto listener = nes::os::listen_on(listen, 64);
  if (!listener.ok()) {
    std::perror("parent-tamper: cannot listen");
    return 1;
  }
  std::puts("parent-tamper: listens");
  std::fflush(stdout);
  Recording recording;
  for (;;) {
    pollfd entry{listener->get(), POLLIN, 0};
    ::poll(&entry, 1, -1);
    UniqueFd client(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client)
      std::thread([fd = std::move(client), &plan, &recording]() mutable {
        serve(std::move(fd), plan, recording);
      }).detach();
  }
}
