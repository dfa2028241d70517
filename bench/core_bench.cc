// The functions on the hot path, each beside its peer. run_bench.py pairs `x` with `x_peer`.
#include <simdjson.h>

#include <cstring>
#include <string>
#include <unordered_map>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/room.h"
#include "http/request_head.h"
#include "json/locate.h"
#include "rewrite/plaintext.h"
#include "rewrite/rewrite.h"
#include "schema/field_plan.h"
#include "token/token.h"

namespace nes {
namespace {

// Four planned fields in 306 bytes, as run_bench.py posts them.
constexpr std::string_view kSmallDocument =
    R"({"id":"pay_00000001","amount":1249.10,"currency":"EUR","card_number":"4111111111111111",)"
    R"("holder":"Ada Lovelace","note":"two items, one of them a gift; deliver after six","shipping":)"
    R"({"method":"express","insured":true},"email":"ada@example.com","items":[{"sku":"A-1","n":2},)"
    R"({"sku":"B-2","n":1}],"phone":"+44 20 7946 0000"})";

constexpr std::string_view kSchema = R"(
openapi: 3.1.0
info: {title: bench, version: "1"}
paths: {}
components:
  schemas:
    Payment:
      type: object
      properties:
        card_number: {type: string, x-pii: {mode: deterministic, context: card}}
        holder: {type: string, x-pii: true}
        email: {type: string, x-pii: true}
        phone: {type: string, x-pii: true}
        payments: {type: array, items: {$ref: "#/components/schemas/Payment"}}
)";

// A large document: many small ones in an array.
std::string large_document() {
  std::string text = "{\"payments\":[";
  while (text.size() < 900'000) {
    text += kSmallDocument;
    text += ",\n  ";
  }
  text += kSmallDocument;
  text += "]}";
  return text;
}

std::shared_ptr<const schema::Schema> compile() {
  return schema::Schema::compile(kSchema, schema::SourceFormat::kYaml, {}).value();
}

void locate_document(benchmark::State& state, std::string_view text) {
  const auto schema = compile();
  const auto plan = schema->plan(std::nullopt).value();
  std::vector<json::Located> located;
  for (auto _ : state) {
    located.clear();
    const auto result = json::locate(text, json::Shape::kDocument, plan, plan.start(), located);
    NES_CHECK(result.ok());
    benchmark::DoNotOptimize(located.data());
  }
  NES_CHECK(located.size() >= 4);
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

// simdjson's walk that checks as much as ours does: On-Demand checks a value only when it is taken, so each
// one is, strings unescaped and numbers converted.
class SimdjsonWalk {
 public:
  void value(simdjson::ondemand::value value) {
    switch (value.type().value()) {
      case simdjson::ondemand::json_type::object:
        for (auto field : value.get_object()) {
          const std::string_view key = field.unescaped_key().value();
          planned_ += static_cast<std::size_t>(key == "card_number" || key == "holder" || key == "email" ||
                                               key == "phone");
          this->value(field.value());
        }
        break;
      case simdjson::ondemand::json_type::array:
        for (auto element : value.get_array()) this->value(element.value());
        break;
      case simdjson::ondemand::json_type::string: bytes_ += value.get_string().value().size(); break;
      case simdjson::ondemand::json_type::number: number_ += value.get_double().value(); break;
      case simdjson::ondemand::json_type::boolean:
        bytes_ += static_cast<std::size_t>(value.get_bool().value());
        break;
      case simdjson::ondemand::json_type::null: NES_CHECK(value.is_null().value()); break;
    }
  }
  std::size_t planned() const { return planned_; }
  double rest() const { return number_ + static_cast<double>(bytes_); }

 private:
  std::size_t planned_ = 0, bytes_ = 0;
  double number_ = 0;
};

void locate_document_simdjson(benchmark::State& state, std::string_view text) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(text);
  for (auto _ : state) {
    auto document = parser.iterate(padded);
    SimdjsonWalk walk;
    walk.value(document.get_value().value());
    NES_CHECK(walk.planned() >= 4 && document.current_location().error() == simdjson::OUT_OF_BOUNDS);
    benchmark::DoNotOptimize(walk.rest());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

void locate_small(benchmark::State& state) { locate_document(state, kSmallDocument); }
void locate_small_peer(benchmark::State& state) { locate_document_simdjson(state, kSmallDocument); }
void locate_large(benchmark::State& state) { locate_document(state, large_document()); }
void locate_large_peer(benchmark::State& state) { locate_document_simdjson(state, large_document()); }

std::unique_ptr<token::TokenCipher> make_cipher() {
  secret::SecretBytes dek(32);
  std::memset(dek.reveal_mutable().data(), 7, dek.size());
  auto key = token::DataKey::derive(dek).value();
  return token::TokenCipher::make(token::KeySet::make({std::move(key)}).value(), {}).value();
}

void seal(benchmark::State& state, token::Mode mode) {
  const auto cipher = make_cipher();
  const std::string plaintext(static_cast<std::size_t>(state.range(0)), 's');
  secret::SecretBytes out;
  for (auto _ : state) {
    out.clear();
    NES_CHECK(cipher->seal(mode, "card", as_bytes(plaintext), out).ok());
    benchmark::DoNotOptimize(out.reveal().data());
  }
}
void seal_randomized(benchmark::State& state) { seal(state, token::Mode::kRandomized); }
void seal_deterministic(benchmark::State& state) { seal(state, token::Mode::kDeterministic); }

void open_token(benchmark::State& state) {
  const auto cipher = make_cipher();
  const std::string plaintext(static_cast<std::size_t>(state.range(0)), 's');
  secret::SecretBytes token, out;
  NES_CHECK(cipher->seal(token::Mode::kRandomized, "card", as_bytes(plaintext), token).ok());
  for (auto _ : state) {
    out.clear();
    NES_CHECK(cipher->open("card", {}, as_text(token.reveal()), out, nullptr).ok());
    benchmark::DoNotOptimize(out.reveal().data());
  }
}

// Replaces every planned value by a constant, so that what is measured is the splice.
class Constant final : public rewrite::FieldTransform {
 public:
  Result<bool> apply(std::string_view /*literal*/, json::ValueType /*type*/, const schema::Rule& /*rule*/,
                     secret::SecretBytes& out) override {
    out.append(as_bytes("\"v2.00000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""));
    return true;
  }
};

// As the service has it for a small document.
class AnyRoom final : public base::Room {
 public:
  Result<void> hold(std::size_t bytes) override {
    benchmark::DoNotOptimize(bytes);
    return {};
  }
};

void locate_and_splice(benchmark::State& state) {
  const auto schema = compile();
  const auto plan = schema->plan(std::nullopt).value();
  rewrite::Scratch scratch;
  secret::SecretBytes out;
  Constant transform;
  AnyRoom room;
  for (auto _ : state) {
    out.clear();
    const auto done =
        rewrite::rewrite(kSmallDocument, json::Shape::kDocument, plan, transform, scratch, out, &room);
    NES_CHECK(done.ok() && done->replaced == 4);
  }
}

constexpr std::string_view kKeys[] = {"id",       "amount", "currency", "card_number", "holder", "note",
                                      "shipping", "method", "email",    "items",       "sku",    "phone"};

void plan_lookup(benchmark::State& state) {
  const auto schema = compile();
  const auto plan = schema->plan(std::nullopt).value();
  for (auto _ : state)
    for (const std::string_view key : kKeys) benchmark::DoNotOptimize(plan.member(plan.start(), key));
}

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

// std::unordered_map with the keys that the plan names.
void plan_lookup_peer(benchmark::State& state) {
  const std::unordered_map<std::string, int, Hash, std::equal_to<>> map{
      {"card_number", 1}, {"holder", 2}, {"email", 3}, {"phone", 4}, {"payments", 5}};
  for (auto _ : state)
    for (const std::string_view key : kKeys) {
      const auto found = map.find(key);
      benchmark::DoNotOptimize(found == map.end() ? 0 : found->second);
    }
}

void parse_head(benchmark::State& state) {
  constexpr std::string_view kHead =
      "POST /encrypt HTTP/1.1\r\nHost: localhost:8443\r\nContent-Type: application/json\r\n"
      "X-Schema-Name: payment\r\nContent-Length: 306\r\n\r\n";
  http::RequestHead head;
  for (auto _ : state) {
    const auto parsed = http::RequestHead::parse(kHead, head);
    NES_CHECK(parsed.ok() && *parsed == kHead.size());
  }
}

BENCHMARK(locate_small);
BENCHMARK(locate_small_peer);
BENCHMARK(locate_large);
BENCHMARK(locate_large_peer);
BENCHMARK(seal_randomized)->Arg(16)->Arg(64);
BENCHMARK(seal_deterministic)->Arg(16)->Arg(64);
BENCHMARK(open_token)->Arg(16)->Arg(64);
BENCHMARK(locate_and_splice);
BENCHMARK(plan_lookup);
BENCHMARK(plan_lookup_peer);
BENCHMARK(parse_head);

}  // namespace
}  // namespace nes

BENCHMARK_MAIN();
