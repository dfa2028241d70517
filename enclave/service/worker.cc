#include "enclave/service/worker.h"

#include <ctime>
#include <utility>

#include "base/limits.h"
#include "enclave/service/http2_connection.h"

namespace nes::service {

using telemetry::Counter;

namespace {

// So many connections over MAX_CONNECTIONS are let in for one request, to be told 503 and when to come again.
std::size_t surplus_of(std::size_t max_connections) { return max_connections / 16 + 1; }

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(State& state) {
  NES_TRY_ASSIGN(auto loop, os::EventLoop::create(state.clock));
  return std::unique_ptr<Worker>(new Worker(state, std::move(loop)));
}

Worker::Worker(State& state, std::unique_ptr<os::EventLoop> loop)
    : state_(state),
      loop_(std::move(loop)),
      counters_(state.counters.add_shard()),
      meter_(state.clock, counters_, state.spans, state.sampling),
      handler_(state, counters_, meter_),
      read_buffer_(std::make_unique<char[]>(limits::kReadBufferBytes)) {}

Worker::~Worker() {
  while (!connections_.empty()) forget(*connections_.back());
}

Result<void> Worker::listen(const Listening& listening) {
  auto acceptor = std::make_unique<os::Acceptor>(
      *loop_, listening.socket->get(),
      [this, listening](os::UniqueFd socket) { adopt(std::move(socket), listening); },
      [this](std::uint64_t system_error) {
        state_.log.write(telemetry::AcceptPaused{.system_error = system_error});
      });
  NES_TRY(acceptor->start());
  if (listening.serves_clients) state_.status.listeners += 1;
  acceptors_.push_back({listening, std::move(acceptor)});
  return {};
}

void Worker::request_drain() {
  loop_->post([this] { drain(); });
}

void Worker::drain() {
  draining_ = true;
  for (const auto& [listening, acceptor] : acceptors_)
    if (listening.serves_clients) acceptor->accept_rest();
  const std::size_t closed =
      std::erase_if(acceptors_, [](const auto& entry) { return entry.first.serves_clients; });
  state_.status.listeners -= closed;
  // Draining may end a connection, and then another takes its place in the list.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i]->drain();
  }
}

void Worker::request_help() {
  loop_->post([this] { help(); });
}

// One slice, then what else this worker has to do.
void Worker::help() {
  std::unique_ptr<BatchSlice> slice = state_.exchange.take(*this);
  if (slice == nullptr) return;
  handler_.work(*slice);
  Worker& owner = *slice->owner;
  owner.give_back(std::move(slice));
  request_help();
}

void Worker::give_back(std::unique_ptr<BatchSlice> slice) {
  {
    const std::lock_guard lock(returned_mutex_);
    returned_.push_back(std::move(slice));
    if (returned_.size() > 1) return;  // somebody has posted already
  }
  loop_->post([this] { take_returned(); });
}

void Worker::take_returned() {
  std::vector<std::unique_ptr<BatchSlice>> returned;
  {
    const std::lock_guard lock(returned_mutex_);
    returned.swap(returned_);
  }
  for (std::unique_ptr<BatchSlice>& slice : returned) {
    const auto found = batches_.find(slice->batch);
    if (found == batches_.end()) continue;
    const auto [batch, owner] = found->second;
    if (batch->give_back(std::move(slice))) owner->batch_goes_on();
  }
}

std::uint64_t Worker::enter_batch(Batch& batch, BatchOwner& owner) {
  batches_.emplace(next_batch_, std::pair(&batch, &owner));
  return next_batch_++;
}

void Worker::adopt(os::UniqueFd socket, const Listening& listening) {
  if (listening.peer_cid && os::peer_cid(socket.get()) != listening.peer_cid) return;
  const std::size_t before = state_.status.connections.fetch_add(listening.serves_clients ? 1 : 0);
  const std::size_t most = state_.settings.max_connections;
  std::unique_ptr<Connection> connection;
  if (!listening.serves_clients) {
    connection = std::make_unique<Connection>(*this, std::make_unique<os::PlainStream>(std::move(socket)),
                                              listening.routes);
  } else if (before >= most + surplus_of(most)) {
    // Not even told.
  } else if (auto stream = state_.tls.get()->context->accept(std::move(socket)); stream.ok()) {
    connection = std::make_unique<Connection>(*this, std::move(stream).value(), listening.routes);
  }
  const bool surplus = listening.serves_clients && before >= most;
  if (surplus) counters_.add(Counter::kConnectionsRefused);
  if (connection == nullptr || !connection->start()) {
    state_.status.connections -= listening.serves_clients ? 1 : 0;
    return;
  }
  if (listening.serves_clients) counters_.add(Counter::kConnectionsAccepted);
  connection->surplus_ = surplus;
  connection->of_client_ = listening.serves_clients;
  connection->index_ = connections_.size();
  connections_.push_back(std::move(connection));
}

void Worker::forget(ServedConnection& connection) {
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

void Worker::continue_as_http2(ServedConnection& connection) {
  const std::size_t index = connection.index_;
  auto http2 = Http2Connection::take_over(connection);
  if (!http2.ok()) return forget(connection);
  Http2Connection& successor = **http2;
  connections_[index] = std::move(http2).value();
  successor.begin();
}

std::span<char> Worker::http2_buffer() {
  if (http2_buffer_ == nullptr) http2_buffer_ = std::make_unique<char[]>(limits::kHttp2WriteBytes);
  return {http2_buffer_.get(), limits::kHttp2WriteBytes};
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
