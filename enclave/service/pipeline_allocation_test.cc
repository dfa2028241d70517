// In steady state a document is transformed without an allocation.
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "enclave/service/pipeline.h"

namespace {

thread_local std::size_t allocations = 0;
thread_local std::size_t live_bytes = 0;  // allocated and not freed; wraps where another thread frees

void* counted(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size); memory != nullptr) {
    live_bytes += malloc_usable_size(memory);
    return memory;
  }
  throw std::bad_alloc();
}

void release(void* memory) {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

namespace nes::service {
namespace {

constexpr std::string_view kSchema =
    "openapi: 3.1.0\ncomponents: {schemas: {A: {properties: {ssn: {x-pii: {mode: deterministic, context: "
    "ssn}}, "
    "name: {x-pii: true}, rest: {}}}}}\n";

class Source final : public SchemaSource {
 public:
  Result<std::vector<SchemaObject>> list() override {
    return std::vector<SchemaObject>{{.key = "a.yaml", .etag = "1"}};
  }
  Result<std::string> get(const SchemaObject& /*object*/, std::size_t /*max_bytes*/) override {
    return std::string(kSchema);
  }
};

class Allocations : public testing::Test {
 protected:
  Allocations() : log_(clock_, telemetry::Level::kError, -1) {
    EXPECT_TRUE(store_.refresh().ok());
    secret::SecretBytes dek(32);
    std::memset(dek.reveal_mutable().data(), 1, dek.size());
    keys_.publish(token::KeySet::make({token::DataKey::derive(dek).value()}).value());
  }

  std::string run(Job job) {
    out_.clear();
    const JobReport report = pipeline_.run(job, out_);
    EXPECT_FALSE(report.failure);
    return std::string(as_text(out_.reveal()));
  }
  // Over a thousand runs of a warm pipeline.
  std::size_t allocations_of(const Job& job) {
    run(job);
    const std::size_t before = allocations;
    for (int i = 0; i < 1000; ++i) {
      out_.clear();
      EXPECT_FALSE(pipeline_.run(job, out_).failure);
    }
    return allocations - before;
  }

  const base::SystemClock clock_;
  telemetry::Log log_;
  telemetry::CounterRegistry counters_;
  Source source_;
  SchemaStore store_{source_, {}, log_, counters_.add_shard()};
  base::Published<token::KeySet> keys_;
  SealLimit limit_{0, clock_};
  Pipeline pipeline_{{.keys = keys_, .schemas = store_.schemas(), .seal_limit = limit_}, {}};
  secret::SecretBytes out_;
};

TEST_F(Allocations, are_counted) {
  const std::size_t before = allocations;
  const std::string text(1000, 'x');
  EXPECT_EQ(text.size(), 1000U);
  EXPECT_EQ(allocations, before + 1);
}

TEST_F(Allocations, none_in_steady_state_whatever_is_done_to_the_document) {
  const std::string plain =
      R"({"ssn":"078-05-1120","name":"Ada \u00e9 Lovelace, a long name","rest":[1,{"x":null}]})";
  Job job{
      .direction = Direction::kSeal, .shape = json::Shape::kDocument, .schema_header = "a", .text = plain};
  EXPECT_EQ(allocations_of(job), 0U);
  const std::string sealed = run(job);
  job.keep_sealed = config::ClientMatch{};
  EXPECT_EQ(allocations_of(job), 0U);
  job.keep_sealed.reset();
  job.text = sealed;
  for (const Direction direction : {Direction::kOpen, Direction::kRewrap}) {
    job.direction = direction;
    EXPECT_EQ(allocations_of(job), 0U);
  }
  job.leave_unopened = true;
  job.direction = Direction::kOpen;
  EXPECT_EQ(allocations_of(job), 0U);
  const std::string declared = R"({"ssn":"1","name":"2","rest":[]})";
  job = {
      .direction = Direction::kSeal, .shape = json::Shape::kDocument, .schema_header = "a", .text = declared};
  job.strict = true;
  EXPECT_EQ(allocations_of(job), 0U);
}

TEST_F(Allocations, nothing_large_is_kept_after_a_large_document) {
  const std::size_t before = live_bytes;
  std::string many = "{";
  for (int i = 0; i < 100'000; ++i) many += R"("name":1,)";
  many += R"("name":")" + std::string(4 << 20, 'x') + R"("})";
  Job job{.direction = Direction::kSeal, .shape = json::Shape::kDocument, .schema_header = "a", .text = many};
  for (const bool strict : {false, true}) {
    job.strict = strict;
    const std::string sealed = run(job);
    Job rewrap{.direction = Direction::kRewrap,
               .shape = json::Shape::kDocument,
               .schema_header = "a",
               .text = sealed};
    run(rewrap);
    out_ = {};
    // The cipher keeps a buffer too (limits::kTokenScratchBytes).
    EXPECT_LT(live_bytes - before, many.capacity() + sealed.capacity() + 4 * limits::kKeptBufferBytes);
  }
}

}  // namespace
}  // namespace nes::service
