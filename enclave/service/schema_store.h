// The schemas that are loaded: listed and read from a source, compiled, published as one immutable set
// (CONTRACTS section 3).
//
// One bad schema harms no other: it is refused whole, its last good version stays, and the refusal is
// remembered by its ETag so that it is reported once. A schema that has gone from the source stays until
// restart.
//
// In signed mode a schema counts only with the signature beside it, and its version may not fall. Without
// signatures, a version that would stop sealing what the one in use seals is refused until a restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/published.h"
#include "base/result.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "schema/field_plan.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace nes::service {

struct SchemaObject {
  std::string key;   // without the prefix: "payments-v1.yaml"
  std::string etag;  // changes with the content
};

// Where schemas come from. Called from one thread; may block.
class SchemaSource {
 public:
  virtual ~SchemaSource() = default;
  // All objects, in any order.
  virtual Result<std::vector<SchemaObject>> list() = 0;
  // The content; kLimit if it has more than `max_bytes`.
  virtual Result<std::string> get(const SchemaObject& object, std::size_t max_bytes) = 0;
};

// Schemas by name. Immutable.
class SchemaSet {
 public:
  struct Loaded {
    std::shared_ptr<const schema::Schema> schema;
    std::uint64_t version = 0;  // as it is signed; 0 without a signature
  };
  using ByName = std::map<std::string, Loaded, std::less<>>;

  // Null if there is none.
  const schema::Schema* find(std::string_view name) const noexcept;
  std::size_t size() const noexcept { return schemas_.size(); }
  const ByName& all() const noexcept { return schemas_; }

 private:
  friend class SchemaStore;
  ByName schemas_;
};

// The schema's name and format that an object's key gives, by its extension .yaml, .yml or .json; false if it
// is no schema. Names are visible ASCII without `#`, at most limits::kSchemaNameBytes.
bool parse_schema_key(std::string_view key, std::string_view& name, schema::SourceFormat& format) noexcept;

// Thread rule: refresh() from one thread; schemas() from any.
class SchemaStore {
 public:
  struct Options {
    schema::CompileOptions compile{};
    std::optional<crypto::Ed25519PublicKey> public_key{};  // SCHEMA_PUBLIC_KEY: signed mode
    std::uint64_t min_version = 0;                         // SCHEMA_MIN_VERSION
  };

  // All must outlive the store.
  SchemaStore(SchemaSource& source, Options options, telemetry::Log& log,
              telemetry::CounterShard& counters) noexcept
      : source_(source), options_(std::move(options)), log_(log), counters_(counters) {}

  // Takes in what has changed. An error means that the listing failed: nothing was looked at. Schemas that
  // were refused or could not be read are logged and leave no error; failing() counts them.
  Result<void> refresh();

  // Schemas of the last listing whose newest version is not in use.
  std::size_t failing() const noexcept { return refused_.size(); }
  // The names in the last listing: of those whose newest version is in use, and of those where it is not. On
  // the thread of refresh().
  const std::vector<std::string>& confirmed() const noexcept { return confirmed_; }
  const std::vector<std::string>& refused() const noexcept { return refused_; }
  const base::Published<SchemaSet>& schemas() const noexcept { return published_; }

 private:
  // What was signed, of the version in use.
  struct Signed {
    std::uint64_t version = 0;
    crypto::Sha256Digest digest{};
  };
  struct Known {
    std::string etag;  // of the version that was looked at last, and of its signature
    bool etag_refused = false;
    bool refused = false;  // the newest version, which may be one that could not be looked at
    Signed in_use{};
  };
  // The objects of one name.
  struct Listed {
    std::vector<const SchemaObject*> texts;  // one, unless there are two extensions
    const SchemaObject* signature = nullptr;
  };
  struct Content {
    std::string text;
    std::optional<std::string> signature{};
  };

  // True if `set` was changed.
  bool take(const std::string& name, const Listed& listed, SchemaSet& set);
  Result<Content> read(const Listed& listed);
  // Whether the version is one to use, and its plan. `in_use` is updated with it.
  Result<std::shared_ptr<const schema::Schema>> examine(const std::string& name, const Listed& listed,
                                                        const Content& content, const SchemaSet& set,
                                                        Signed& in_use) const;
  Result<Signed> check_signature(const std::string& name, const Content& content, const Signed& in_use) const;
  void refuse(const std::string& name, const SchemaSet& set, const Error& error);

  SchemaSource& source_;
  const Options options_;
  telemetry::Log& log_;
  telemetry::CounterShard& counters_;
  std::map<std::string, Known, std::less<>> known_;
  std::vector<std::string> confirmed_;
  std::vector<std::string> refused_;
  base::Published<SchemaSet> published_;
};

}  // namespace nes::service
