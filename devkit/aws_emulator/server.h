// Listens, and serves every connection on a thread of its own.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "devkit/aws_emulator/connection.h"
#include "os/endpoint.h"
#include "os/unique_fd.h"
#include "tls/server.h"

namespace nes::aws_emulator {

// Thread rule: one thread; the handler is called from many.
class Server {
 public:
  // Listens and begins to serve. Without `tls` plain HTTP is spoken. Over limits::kEmulatorConnections new
  // connections are closed at once. `clock` must outlive the server. kIo.
  static Result<std::unique_ptr<Server>> start(const os::Endpoint& at,
                                               std::shared_ptr<const tls::ServerContext> tls,
                                               const Clock& clock, Handler handler);
  // Ends every connection, whatever it is about, and waits for their threads.
  ~Server();

  // With the port that the kernel chose.
  const os::Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  struct Client {
    int fd = -1;  // for shutdown() alone; owned by the thread, and -1 once it is about to close it
    std::atomic<bool> is_done{false};
    std::thread thread;
  };

  Server(os::UniqueFd listener, os::Endpoint endpoint, std::shared_ptr<const tls::ServerContext> tls,
         const Clock& clock, Handler handler) noexcept
      : listener_(std::move(listener)),
        endpoint_(std::move(endpoint)),
        tls_(std::move(tls)),
        clock_(clock),
        handler_(std::move(handler)) {}
  void accept_all();
  void accept_one();
  void serve(os::UniqueFd fd, Client& client);
  void join_finished();

  os::UniqueFd listener_;
  os::Endpoint endpoint_;
  std::shared_ptr<const tls::ServerContext> tls_;
  const Clock& clock_;
  Handler handler_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;           // guards the descriptors of the clients
  std::list<Client> clients_;  // of the accepting thread
  std::thread acceptor_;
};

}  // namespace nes::aws_emulator
