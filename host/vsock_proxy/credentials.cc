#include "host/vsock_proxy/credentials.h"

#include <charconv>
#include <chrono>
#include <ctime>
#include <fstream>
#include <utility>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "host/vsock_proxy/ask.h"
#include "json/reader.h"

namespace nes::vsock_proxy {
namespace {

constexpr std::size_t kJsonDepth = 8;
constexpr std::size_t kTokenFileBytes = std::size_t{16} * 1024;
constexpr std::string_view kRolesPath = "/latest/meta-data/iam/security-credentials/";

// `2026-01-02T03:04:05Z`, a fraction of the second allowed (RFC 3339).
std::optional<std::int64_t> parse_time_ms(const std::string& text) {
  std::tm parts{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || (*rest != 'Z' && *rest != '.') || !text.ends_with('Z')) return {};
  return std::int64_t{::timegm(&parts)} * 1000;
}

std::string first_line(std::string text) {
  text.erase(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

Result<Answer> ask_for(const PlainUrl& url, const Question& question) {
  NES_TRY_ASSIGN(Answer answer, ask(url.endpoint, question, static_cast<int>(limits::kCredentialsTimeoutMs)));
  if (answer.status != 200)
    return Error{ErrorCode::kIo, "the source of credentials refuses",
                 static_cast<std::uint64_t>(answer.status)};
  return answer;
}

}  // namespace

Result<PlainUrl> parse_plain_url(std::string_view url) {
  const Error error{ErrorCode::kMalformed, "not http://ADDRESS[:PORT][/PATH]"};
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme) || url.find_first_of("#@ ") != std::string_view::npos) return error;
  url.remove_prefix(kScheme.size());
  const std::string_view authority = url.substr(0, std::min(url.find('/'), url.size()));
  PlainUrl out{
      .endpoint = {}, .host = std::string(authority), .target = std::string(url.substr(authority.size()))};
  if (out.target.empty()) out.target = "/";
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  auto endpoint = os::parse_endpoint("tcp:" + std::string(authority) + (has_port ? "" : ":80"));
  if (!endpoint.ok() || endpoint->port == 0) return error;
  out.endpoint = std::move(endpoint).value();
  return out;
}

Result<Credentials::Document> Credentials::reduce(std::string_view json) {
  constexpr std::string_view kNames[] = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"};
  std::optional<std::string> values[std::size(kNames)];
  json::Reader reader(json, kJsonDepth);
  std::size_t depth = 0;
  std::string key;
  for (;;) {
    NES_TRY_ASSIGN(const json::Event event, reader.next());
    if (event.type == json::EventType::kEnd) break;
    if (event.type == json::EventType::kBeginObject || event.type == json::EventType::kBeginArray) ++depth;
    if (event.type == json::EventType::kEndObject || event.type == json::EventType::kEndArray) --depth;
    if (depth == 0 && event.type != json::EventType::kEndObject)
      return Error{ErrorCode::kMalformed, "credentials that are no JSON object"};
    if (event.type == json::EventType::kKey && depth == 1) key = event.text;
    if (event.type != json::EventType::kString || depth != 1) continue;
    if (key == "Code" && event.text != "Success")
      return Error{ErrorCode::kNotReady, "the metadata service has no credentials"};
    for (std::size_t i = 0; i < std::size(kNames); ++i) {
      if (key != kNames[i]) continue;
      if (values[i]) return Error{ErrorCode::kMalformed, "credentials that repeat a member"};
      values[i] = event.text;
    }
  }
  Document out;
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (!values[i] || values[i]->empty())
      return Error{ErrorCode::kMalformed, "credentials that lack a member"};
    out.json.append(i == 0 ? "{\"" : ",\"").append(kNames[i]).append("\":");
    base::append_quoted(out.json, *values[i]);
  }
  out.json += "}";
  const auto expires = parse_time_ms(*values[3]);
  if (!expires) return Error{ErrorCode::kMalformed, "credentials whose expiration is no time"};
  out.expires_unix_ms = *expires;
  return out;
}

Credentials::Credentials(os::EventLoop& loop, Options options)
    : loop_(loop), options_(std::move(options)), thread_([this] { run(); }) {}

Credentials::~Credentials() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Credentials::fetch(Done done) {
  const std::int64_t now_ms = base::SystemClock().unix_ms();
  if (kept_ && now_ms < kept_->expires_unix_ms - limits::kCredentialsEarlyMs) return done(kept_->json);
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_one();
}

void Credentials::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    auto found = std::make_shared<Result<Document>>(ask_source());
    loop_.post([this, found] {
      const std::vector<Done> waiting = std::exchange(waiting_, {});
      if (found->ok()) kept_ = found->value();
      for (const Done& done : waiting)
        done(found->ok() ? Result<std::string>(found->value().json) : Result<std::string>(found->error()));
    });
    lock.lock();
  }
}

Result<Credentials::Document> Credentials::ask_source() const {
  return options_.container ? ask_container(*options_.container) : ask_metadata();
}

Result<Credentials::Document> Credentials::ask_container(const PlainUrl& url) const {
  Question question{.target = url.target, .host = url.host};
  if (!options_.token_file.empty()) {
    std::ifstream file(options_.token_file, std::ios::binary);
    std::string token(kTokenFileBytes, '\0');
    file.read(token.data(), static_cast<std::streamsize>(token.size()));
    token.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    token = first_line(std::move(token));
    if (token.empty()) return Error{ErrorCode::kIo, "the authorization token's file cannot be read"};
    question.headers.emplace_back("Authorization", std::move(token));
  }
  NES_TRY_ASSIGN(const Answer answer, ask_for(url, question));
  return reduce(answer.body);
}

Result<Credentials::Document> Credentials::ask_metadata() const {
  const PlainUrl& url = options_.metadata;
  NES_TRY_ASSIGN(const Answer token,
                 ask_for(url, {.method = http::Method::kPut,
                               .target = "/latest/api/token",
                               .host = url.host,
                               .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}}));
  const std::vector<std::pair<std::string, std::string>> headers{
      {"X-aws-ec2-metadata-token", first_line(token.body)}};
  NES_TRY_ASSIGN(const Answer roles,
                 ask_for(url, {.target = std::string(kRolesPath), .host = url.host, .headers = headers}));
  const std::string role = first_line(roles.body);
  if (role.empty()) return Error{ErrorCode::kNotReady, "the instance has no role"};
  NES_TRY_ASSIGN(
      const Answer answer,
      ask_for(url, {.target = std::string(kRolesPath) + role, .host = url.host, .headers = headers}));
  return reduce(answer.body);
}

}  // namespace nes::vsock_proxy
