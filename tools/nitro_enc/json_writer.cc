#include "tools/nitro_enc/json_writer.h"

#include "base/check.h"
#include "base/json_text.h"

namespace nes::nitro_enc {

void JsonWriter::separate() {
  if (has_key_) {
    has_key_ = false;
    return;
  }
  NES_CHECK(!closers_.empty() || out_.empty());
  if (!is_first_) out_ += ',';
  if (!closers_.empty()) out_ += '\n' + std::string(2 * closers_.size(), ' ');
}

JsonWriter& JsonWriter::open(char opener, char closer) {
  separate();
  out_ += opener;
  closers_.push_back(closer);
  is_first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end() {
  NES_CHECK(!closers_.empty() && !has_key_);
  const char closer = closers_.back();
  closers_.pop_back();
  if (!is_first_) out_ += '\n' + std::string(2 * closers_.size(), ' ');
  out_ += closer;
  is_first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  NES_CHECK(!closers_.empty() && closers_.back() == '}' && !has_key_);
  separate();
  base::append_quoted(out_, name);
  out_ += ": ";
  has_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  std::string quoted;
  base::append_quoted(quoted, text);
  return raw(quoted);
}

JsonWriter& JsonWriter::raw(std::string_view text) {
  NES_CHECK(closers_.empty() || closers_.back() == ']' || has_key_);
  separate();
  out_ += text;
  is_first_ = false;
  return *this;
}

std::string JsonWriter::finish() && {
  NES_CHECK(closers_.empty() && !out_.empty());
  return std::move(out_) + "\n";
}

}  // namespace nes::nitro_enc
