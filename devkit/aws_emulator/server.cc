#include "devkit/aws_emulator/server.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/limits.h"

namespace nes::aws_emulator {
namespace {

constexpr int kPollMs = 50;

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const os::Endpoint& at,
                                              std::shared_ptr<const tls::ServerContext> tls,
                                              const Clock& clock, Handler handler) {
  NES_TRY_ASSIGN(os::UniqueFd listener, os::listen_on(at, limits::kListenBacklog));
  os::Endpoint endpoint = at;
  if (endpoint.transport == os::Transport::kTcp) endpoint.port = os::bound_tcp_port(listener.get());
  std::unique_ptr<Server> server(
      new Server(std::move(listener), std::move(endpoint), std::move(tls), clock, std::move(handler)));
  server->acceptor_ = std::thread([self = server.get()] { self->accept_all(); });
  return server;
}

Server::~Server() {
  stopping_ = true;
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const Client& client : clients_)
      if (client.fd >= 0) ::shutdown(client.fd, SHUT_RDWR);
  }
  for (Client& client : clients_) client.thread.join();
}

void Server::accept_all() {
  while (!stopping_) {
    pollfd entry{listener_.get(), POLLIN, 0};
    if (::poll(&entry, 1, kPollMs) > 0) accept_one();
    join_finished();
  }
}

void Server::accept_one() {
  os::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd || clients_.size() >= limits::kEmulatorConnections) return;
  Client& client = clients_.emplace_back();
  client.fd = fd.get();
  client.thread =
      std::thread([this, &client, owned = std::move(fd)]() mutable { serve(std::move(owned), client); });
}

void Server::serve(os::UniqueFd fd, Client& client) {
  std::unique_ptr<os::Stream> stream;
  if (tls_ == nullptr) {
    stream = std::make_unique<os::PlainStream>(std::move(fd));
  } else if (auto session = tls_->accept(std::move(fd)); session.ok()) {
    stream = std::move(session).value();
  }
  if (stream != nullptr) serve_connection(*stream, clock_, handler_, stopping_);
  {
    const std::lock_guard lock(mutex_);
    client.fd = -1;
  }
  stream.reset();
  client.is_done = true;
}

void Server::join_finished() {
  for (auto at = clients_.begin(); at != clients_.end();) {
    if (!at->is_done) {
      ++at;
      continue;
    }
    at->thread.join();
    at = clients_.erase(at);
  }
}

}  // namespace nes::aws_emulator
