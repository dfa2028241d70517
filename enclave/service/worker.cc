#include "enclave/service/worker.h"

#include <sys/socket.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "base/limits.h"

namespace nes::service {

using telemetry::Counter;

// Takes connections from one listening socket. When the kernel is out of descriptors or memory it rests a
// little: the process goes on with the connections that it has.
class Worker::Acceptor final : public os::EventHandler, private os::Deadline {
 public:
  Acceptor(Worker& worker, Listening listening) noexcept
      : worker_(worker), listening_(std::move(listening)) {}
  ~Acceptor() override {
    if (active_) worker_.loop_->remove(listening_.socket->get(), *this);
  }

  Result<void> start() {
    // Of the workers that wait for one socket, the kernel wakes one.
    NES_TRY(worker_.loop_->add(listening_.socket->get(), EPOLLIN | EPOLLEXCLUSIVE, *this));
    active_ = true;
    return {};
  }

  const Listening& listening() const noexcept { return listening_; }

  // Takes what the kernel has queued already: those clients have been told that they are connected.
  void accept_rest() {
    while (accept_one()) {
    }
  }

  void on_events(std::uint32_t /*events*/) override {
    for (int i = 0; i < limits::kAcceptsPerRound && accept_one(); ++i) {
    }
  }

 private:
  bool accept_one() {
    os::UniqueFd socket(::accept4(listening_.socket->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      worker_.adopt(std::move(socket), listening_);
      return true;
    }
    switch (errno) {
      case EAGAIN: return false;
      case EINTR:
      case ECONNABORTED:
      case EPROTO: return true;
      default: pause(static_cast<std::uint64_t>(errno)); return false;
    }
  }

  void pause(std::uint64_t system_error) {
    worker_.state_.log.write(telemetry::AcceptPaused{.system_error = system_error});
    worker_.loop_->remove(listening_.socket->get(), *this);
    active_ = false;
    worker_.loop_->arm(*this, limits::kAcceptPauseMs);
  }

  void on_deadline() override {
    if (!start().ok()) worker_.loop_->arm(*this, limits::kAcceptPauseMs);
  }

  Worker& worker_;
  const Listening listening_;
  bool active_ = false;
};

Result<std::unique_ptr<Worker>> Worker::create(State& state) {
  NES_TRY_ASSIGN(auto loop, os::EventLoop::create(state.clock));
  return std::unique_ptr<Worker>(new Worker(state, std::move(loop)));
}

Worker::Worker(State& state, std::unique_ptr<os::EventLoop> loop)
    : state_(state),
      loop_(std::move(loop)),
      counters_(state.counters.add_shard()),
      handler_(state, counters_),
      read_buffer_(std::make_unique<char[]>(limits::kReadBufferBytes)) {}

Worker::~Worker() {
  while (!connections_.empty()) forget(*connections_.back());
}

Result<void> Worker::listen(const Listening& listening) {
  auto acceptor = std::make_unique<Acceptor>(*this, listening);
  NES_TRY(acceptor->start());
  if (listening.serves_clients) state_.status.listeners += 1;
  acceptors_.push_back(std::move(acceptor));
  return {};
}

void Worker::request_drain() {
  loop_->post([this] { drain(); });
}

void Worker::drain() {
  draining_ = true;
  for (const auto& acceptor : acceptors_)
    if (acceptor->listening().serves_clients) acceptor->accept_rest();
  const std::size_t closed =
      std::erase_if(acceptors_, [](const auto& acceptor) { return acceptor->listening().serves_clients; });
  state_.status.listeners -= closed;
  for (const auto& connection : connections_) connection->drain();
}

void Worker::adopt(os::UniqueFd socket, const Listening& listening) {
  const std::size_t before = state_.status.connections.fetch_add(listening.serves_clients ? 1 : 0);
  std::unique_ptr<Connection> connection;
  if (!listening.serves_clients) {
    connection = std::make_unique<Connection>(*this, std::make_unique<os::PlainStream>(std::move(socket)),
                                              listening.routes);
  } else if (before >= state_.settings.max_connections) {
    counters_.add(Counter::kConnectionsRefused);
  } else if (auto stream = state_.tls.get()->context->accept(std::move(socket)); stream.ok()) {
    connection = std::make_unique<Connection>(*this, std::move(stream).value(), listening.routes);
  }
  if (connection == nullptr || !connection->start()) {
    state_.status.connections -= listening.serves_clients ? 1 : 0;
    return;
  }
  if (listening.serves_clients) counters_.add(Counter::kConnectionsAccepted);
  connection->of_client_ = listening.serves_clients;
  connection->index_ = connections_.size();
  connections_.push_back(std::move(connection));
}

void Worker::forget(Connection& connection) {
  const std::size_t index = connection.index_;
  const bool of_client = connection.of_client_;
  std::swap(connections_[index], connections_.back());
  connections_[index]->index_ = index;
  connections_.pop_back();
  if (of_client) {
    counters_.add(Counter::kConnectionsClosed);
    state_.status.connections -= 1;
  }
}

std::string_view Worker::date() {
  const std::int64_t second = state_.clock.unix_ms() / 1000;
  if (second == date_second_) [[likely]]
    return date_;
  date_second_ = second;
  const std::time_t time = second;
  std::tm parts{};
  char text[32];
  NES_CHECK(gmtime_r(&time, &parts) != nullptr);
  // In the C locale, which this program never leaves, the names are English.
  date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return date_;
}

}  // namespace nes::service
