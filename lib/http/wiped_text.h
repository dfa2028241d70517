// Text of a client, such as a header field with a credential: overwritten when it is cleared, grows out of
// its memory or goes.
#pragma once

#include <string.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace nes::http {

class WipedText {
 public:
  WipedText() noexcept = default;
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  ~WipedText() { clear(); }

  std::string_view view() const noexcept { return {data_.get(), size_}; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  WipedText& append(std::string_view more) {
    if (more.empty()) return *this;
    reserve(size_ + more.size());
    memcpy(data_.get() + size_, more.data(), more.size());
    size_ += more.size();
    return *this;
  }

  void reserve(std::size_t size) {
    if (size <= capacity_) return;
    const std::size_t grown = std::max({size, 2 * capacity_, kLeastBytes});
    auto data = std::make_unique_for_overwrite<char[]>(grown);
    const std::size_t used = size_;
    if (used != 0) memcpy(data.get(), data_.get(), used);
    clear();
    data_ = std::move(data);
    capacity_ = grown;
    size_ = used;
  }

  // Keeps a little memory for the next text.
  void clear() noexcept {
    if (size_ != 0) explicit_bzero(data_.get(), size_);
    size_ = 0;
    if (capacity_ <= kKeptBytes) return;
    data_.reset();
    capacity_ = 0;
  }

 private:
  static constexpr std::size_t kLeastBytes = 64;
  static constexpr std::size_t kKeptBytes = 256;

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace nes::http
