#include "devkit/parent_init/commands.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "devkit/parent_init/programs.h"
#include "os/endpoint.h"

namespace nes::parent_init {
namespace {

constexpr std::uint32_t kCommandPort = 7000;
constexpr std::size_t kLineBytes = 4096;
constexpr int kReapMs = 100;

std::string read_line(int peer) {
  std::string line;
  for (char byte = 0; line.size() < kLineBytes && ::recv(peer, &byte, 1, 0) == 1 && byte != '\n';)
    line.push_back(byte);
  return line;
}

// In a child of its own: its output is the peer.
[[noreturn]] void run(int peer, const Words& words) {
  ::dup2(peer, STDOUT_FILENO);
  ::dup2(peer, STDERR_FILENO);
  int status = 0;
  ::waitpid(start(words), &status, 0);
  std::printf("\nexit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  std::fflush(stdout);
  ::_exit(0);
}

void obey(int peer, std::map<pid_t, std::string>& running) {
  Words words = split(read_line(peer));
  if (words.size() < 2) return;
  const std::string order = words.front();
  words.erase(words.begin());
  if (order == "run") {
    if (::fork() == 0) run(peer, words);
  } else if (order == "start") {
    const pid_t child = start(words);
    for (const std::string& word : words)
      if (word.front() == '/' && running[child].empty()) running[child] = word;
    ::dprintf(peer, "started %d\n", child);
  } else if (order == "signal" && words.size() == 2) {
    const bool sent = ::kill(std::atoi(words[0].c_str()), std::atoi(words[1].c_str())) == 0;
    ::dprintf(peer, "%s\n", sent ? "sent" : "no such process");
  }
}

void reap(std::map<pid_t, std::string>& running) {
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0; running.erase(ended))
    if (const auto name = running.find(ended); name != running.end()) say_ended(name->second.c_str(), status);
}

}  // namespace

void serve_commands() {
  const auto listener =
      os::listen_on({.transport = os::Transport::kTcp, .host = "0.0.0.0", .cid = 0, .port = kCommandPort}, 8);
  if (!listener.ok()) {
    std::puts("parent-init: commands: nobody can give any");
    ::_exit(1);
  }
  std::map<pid_t, std::string> running;
  for (;;) {
    pollfd entry{listener->get(), POLLIN, 0};
    if (::poll(&entry, 1, kReapMs) == 1) {
      const os::UniqueFd peer(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer) obey(peer.get(), running);
    }
    reap(running);
  }
}

}  // namespace nes::parent_init
