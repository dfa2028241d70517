// The whole path of a document, on one page: request -> schema -> plan -> positions -> tokens -> new
// document.
//
// A request transforms the whole document or returns an error (CONTRACTS section 2). Nothing here does I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/published.h"
#include "base/result.h"
#include "base/room.h"
#include "enclave/config/client_patterns.h"
#include "enclave/service/schema_store.h"
#include "enclave/service/seal_limit.h"
#include "json/locate.h"
#include "rewrite/rewrite.h"
#include "secret/secret.h"
#include "token/token.h"

namespace nes::service {

// kRewrap opens each token and seals its value again under the newest key, with no plaintext in the answer.
enum class Direction : std::uint8_t { kSeal, kOpen, kRewrap };

struct Job {
  Direction direction;
  json::Shape shape;
  std::optional<std::string_view> schema_header;  // SCHEMA_HEADER_NAME's value
  config::ClientMatch client{};                   // its labels bound the contexts that it may touch
  std::string_view text;
  std::string_view client_name = {};  // by which SealLimit knows it; empty for an anonymous client
  bool strict = false;                // a key that the schema does not declare is kUndeclaredKey
  bool leave_unopened = false;        // kOpen: what does not open stays as it is, and is counted
  // kSeal: tokens that open stay as they are, for a client that may decrypt: its labels bound the contexts
  // again.
  std::optional<config::ClientMatch> keep_sealed = std::nullopt;
  // kOpen: ends of lines within opened values become spaces. JSON has them between its tokens alone, for
  // strings escape theirs (RFC 8259 sections 2 and 7), so the values stay what they are.
  bool one_line = false;
  base::Room* room = nullptr;  // asked before the new document is made; null: there is always room
};

// What the schema header of a job leads to, looked up once for all its documents. Keeps its schemas alive.
struct JobPlan {
  std::shared_ptr<const SchemaSet> schemas;
  std::string_view schema;  // its name
  schema::FieldPlan plan;
  std::optional<schema::FieldPlan> undeclared{};  // of a strict job: keys that the schema does not declare
};

struct JobFailure {
  Error error;
  std::string path;  // of the value at fault (kTokenRejected, kUndeclaredKey); else empty
};

struct JobReport {
  std::optional<JobFailure> failure;
  std::size_t replaced = 0;
  std::size_t unopened = 0;  // left by leave_unopened
  std::string_view schema;   // the name, if it is loaded; valid while the pipeline is not updated
};

// One thread's pipeline: its view of the keys and schemas, its ciphers and its buffers.
class Pipeline {
 public:
  struct Sources {
    const base::Published<token::KeySet>& keys;
    const base::Published<SchemaSet>& schemas;
    SealLimit& seal_limit;
    std::function<void()> on_planned = {};  // called by run() between its two steps
  };
  Pipeline(const Sources& sources, token::TokenCipher::Options options) noexcept;
  ~Pipeline();

  // Appends the new document to `out`; after a failure `out` is as before. kNotReady without keys or schemas;
  // kNotAllowed for a planned value, not null, of a context that the client may not touch; kRateLimited for
  // more values to be sealed deterministically than the client may have now; what job.room refuses with.
  JobReport run(const Job& job, secret::SecretBytes& out);

  // The same for many documents: run() is plan() and then transform(). A plan stays what it is although
  // schemas change; it may be used by other pipelines too.
  Result<JobPlan> plan(const Job& job);
  JobReport transform(const Job& job, const JobPlan& plan, secret::SecretBytes& out);

  // How many tokens each key has opened in the last run, or since forget_opens(), whatever came of it.
  struct Opens {
    token::KeyId kid;
    std::uint64_t count;
  };
  std::span<const Opens> opens() const noexcept { return opens_; }
  void forget_opens() noexcept { opens_.clear(); }

 private:
  class Transform;

  void note_open(const token::KeyId& kid);
  // Takes new snapshots in. kNotReady, or kCrypto.
  Result<void> update_keys();
  Result<void> update();
  // The name of the schema that the header names, if it is loaded.
  std::string_view loaded_name(const Job& job) const;
  // The path of the first value under a key that the schema does not declare; nothing if all are declared.
  Result<std::optional<std::string>> undeclared_key(const Job& job, const JobPlan& plan);
  // Wipes what a document has left in the buffers, and gives back the memory of a large one.
  void trim() noexcept;

  base::Subscription<token::KeySet> keys_;
  base::Subscription<SchemaSet> schemas_;
  SealLimit& seal_limit_;
  const std::function<void()> on_planned_;
  const token::TokenCipher::Options options_;
  std::unique_ptr<token::TokenCipher> cipher_;
  rewrite::Scratch scratch_;
  secret::SecretBytes plaintext_;
  secret::SecretBytes literal_;
  std::vector<Opens> opens_;
};

}  // namespace nes::service
