// Header fields of an answer as HTTP/2 has them, in one buffer: names in lower case (RFC 9113 section 8.2).
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "http/request_head.h"

namespace nes::service {

class Http2Fields {
 public:
  void field(std::string_view name, std::string_view value) {
    NES_CHECK(count_ < fields_.size() && size_ + name.size() + value.size() <= text_.size());
    char* const begin = text_.data() + size_;
    std::transform(name.begin(), name.end(), begin,
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::copy(value.begin(), value.end(), begin + name.size());
    size_ += name.size() + value.size();
    fields_[count_++] = {.name = {begin, name.size()}, .value = {begin + name.size(), value.size()}};
  }
  void field(std::string_view name, std::uint64_t value) {
    std::array<char, 20> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    field(name, std::string_view(digits.data(), written.ptr));
  }
  std::span<const http::Field> view() const noexcept { return std::span(fields_).first(count_); }

 private:
  std::array<char, limits::kResponseHeadBytes> text_;
  std::array<http::Field, 16> fields_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
};

}  // namespace nes::service
