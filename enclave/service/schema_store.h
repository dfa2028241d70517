// The schemas that are loaded: listed and read from a source, compiled, published as one immutable set
// (CONTRACTS section 3).
//
// One bad schema harms no other: it is refused whole, its last good version stays, and the refusal is
// remembered by its ETag so that it is reported once. A schema that has gone from the source stays until
// restart.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/published.h"
#include "base/result.h"
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
  // The content; kLimit if it is larger than limits::kSchemaBytes.
  virtual Result<std::string> get(const SchemaObject& object) = 0;
};

// Schemas by name. Immutable.
class SchemaSet {
 public:
  // Null if there is none.
  const schema::Schema* find(std::string_view name) const noexcept;
  std::size_t size() const noexcept { return schemas_.size(); }

 private:
  friend class SchemaStore;
  std::map<std::string, std::shared_ptr<const schema::Schema>, std::less<>> schemas_;
};

// The schema's name and format that an object's key gives, by its extension .yaml, .yml or .json; false if it
// is no schema. Names are visible ASCII without `#`, at most limits::kSchemaNameBytes.
bool parse_schema_key(std::string_view key, std::string_view& name, schema::SourceFormat& format) noexcept;

// Thread rule: refresh() from one thread; schemas() from any.
class SchemaStore {
 public:
  // All must outlive the store.
  SchemaStore(SchemaSource& source, const schema::CompileOptions& options, telemetry::Log& log,
              telemetry::CounterShard& counters) noexcept
      : source_(source), options_(options), log_(log), counters_(counters) {}

  // Takes in what has changed. An error means that the listing failed: nothing was looked at. Schemas that
  // were refused or could not be read are logged and leave no error; failing() counts them.
  Result<void> refresh();

  // Schemas whose newest version is not in use.
  std::size_t failing() const noexcept { return failing_; }
  const base::Published<SchemaSet>& schemas() const noexcept { return published_; }

 private:
  struct Known {
    std::string etag;  // of the version that was looked at last
    bool refused = false;
  };
  using Listed = std::map<std::string, std::vector<const SchemaObject*>, std::less<>>;

  // True if `set` was changed.
  bool take(const std::string& name, const std::vector<const SchemaObject*>& objects, SchemaSet& set);
  void refuse(const std::string& name, const SchemaSet& set, const Error& error);

  SchemaSource& source_;
  const schema::CompileOptions options_;
  telemetry::Log& log_;
  telemetry::CounterShard& counters_;
  std::map<std::string, Known, std::less<>> known_;
  std::size_t failing_ = 0;
  base::Published<SchemaSet> published_;
};

}  // namespace nes::service
