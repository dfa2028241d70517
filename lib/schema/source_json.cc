#include "base/limits.h"
#include "json/reader.h"
#include "schema/source_tree.h"

namespace nes::schema {
namespace {

Result<void> build(const json::Event& event, TreeBuilder& builder) {
  switch (event.type) {
    case json::EventType::kBeginObject: return builder.open(NodeKind::kMapping, event.line);
    case json::EventType::kBeginArray: return builder.open(NodeKind::kSequence, event.line);
    case json::EventType::kEndObject:
    case json::EventType::kEndArray: return builder.close();
    case json::EventType::kKey: builder.key(event.text, event.line); return {};
    case json::EventType::kString: return builder.scalar(NodeKind::kString, event.text, event.line);
    case json::EventType::kNumber: return builder.scalar(NodeKind::kNumber, event.text, event.line);
    case json::EventType::kTrue: return builder.scalar(NodeKind::kBoolean, "true", event.line);
    case json::EventType::kFalse: return builder.scalar(NodeKind::kBoolean, "false", event.line);
    case json::EventType::kNull: return builder.scalar(NodeKind::kNull, "", event.line);
    case json::EventType::kEnd: break;
  }
  return {};
}

}  // namespace

Result<SourceTree> read_json(std::string_view text) {
  if (text.size() > limits::kSchemaBytes) return Error{ErrorCode::kLimit, "the document is too large", 1};
  json::Reader reader(text, limits::kSchemaDepth);
  TreeBuilder builder;
  for (;;) {
    const Result<json::Event> event = reader.next();
    if (!event.ok()) {
      if (event.error().code == ErrorCode::kLimit) return event.error();
      return Error{ErrorCode::kSchemaRefused, "not valid JSON", event.error().position};
    }
    if (event->type == json::EventType::kEnd) return std::move(builder).finish();
    NES_TRY(build(*event, builder));
  }
}

}  // namespace nes::schema
