#include "devkit/aws_emulator/json_edit.h"

#include "base/json_text.h"
#include "base/limits.h"
#include "json/reader.h"

namespace nes::aws_emulator {
namespace {

// Writes what a Reader reads.
class Copier {
 public:
  void copy(const json::Event& event) {
    switch (event.type) {
      case json::EventType::kBeginObject: open('{'); break;
      case json::EventType::kBeginArray: open('['); break;
      case json::EventType::kEndObject: close('}'); break;
      case json::EventType::kEndArray: close(']'); break;
      case json::EventType::kKey:
        separate();
        base::append_quoted(out, event.text);
        out += ':';
        break;
      case json::EventType::kString:
        separate();
        base::append_quoted(out, event.text);
        break;
      case json::EventType::kNumber: scalar(event.text); break;
      case json::EventType::kTrue: scalar("true"); break;
      case json::EventType::kFalse: scalar("false"); break;
      case json::EventType::kNull: scalar("null"); break;
      case json::EventType::kEnd: break;
    }
  }
  void separate() {
    if (!out.empty() && out.back() != '{' && out.back() != '[' && out.back() != ':') out += ',';
  }

  std::string out;
  std::size_t depth = 0;

 private:
  void scalar(std::string_view text) {
    separate();
    out += text;
  }
  void open(char bracket) {
    separate();
    out += bracket;
    ++depth;
  }
  void close(char bracket) {
    out += bracket;
    --depth;
  }
};

}  // namespace

Result<std::string> with_text_member(std::string_view json, std::string_view name, std::string_view value) {
  json::Reader reader(json, limits::kAwsJsonDepth);
  Copier copier;
  bool is_skipping = false;  // the value of the member that is replaced
  for (;;) {
    NES_TRY_ASSIGN(const json::Event event, reader.next());
    if (event.type == json::EventType::kEnd) return copier.out;
    if (copier.depth == 0 && event.type != json::EventType::kBeginObject)
      return Error{ErrorCode::kMalformedJson, "an answer is no object"};
    if (copier.depth == 1 && event.type == json::EventType::kKey && event.text == name) {
      is_skipping = true;
      continue;
    }
    if (is_skipping) {
      const bool is_nested =
          event.type == json::EventType::kBeginObject || event.type == json::EventType::kBeginArray;
      if (is_nested) return Error{ErrorCode::kMalformedJson, "a member to replace is no scalar"};
      is_skipping = false;
      continue;
    }
    if (copier.depth == 1 && event.type == json::EventType::kEndObject) {
      copier.separate();
      base::append_quoted(copier.out, name);
      copier.out += ':';
      base::append_quoted(copier.out, value);
    }
    copier.copy(event);
  }
}

}  // namespace nes::aws_emulator
