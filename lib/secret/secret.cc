#include "secret/secret.h"

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace nes::secret {

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) explicit_bzero(data, size);
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
    // Keeps the compiler from leaving the loop early once `difference` is known to be non-zero.
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

SecretBytes::SecretBytes(std::size_t size) { resize(size); }

SecretBytes SecretBytes::copy_of(ByteView bytes) {
  SecretBytes copy;
  copy.append(bytes);
  return copy;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    other.clear();
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  clear();
  delete[] data_;
}

void SecretBytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  const std::size_t grown = std::max(capacity, capacity_ * 2);
  auto* data = new std::uint8_t[grown];
  if (size_ != 0) std::memcpy(data, data_, size_);
  wipe(data_, size_);
  delete[] data_;
  data_ = data;
  capacity_ = grown;
}

void SecretBytes::append(ByteView bytes) {
  if (bytes.empty()) return;
  reserve(size_ + bytes.size());
  NES_CHECK(data_ != nullptr);
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void SecretBytes::push_back(std::uint8_t byte) { append({&byte, 1}); }

void SecretBytes::resize(std::size_t size) {
  if (size < size_) {
    wipe(data_ + size, size_ - size);
  } else if (size > size_) {
    reserve(size);
    std::memset(data_ + size_, 0, size - size_);
  }
  size_ = size;
}

ByteSpan SecretBytes::grow_uninitialized(std::size_t size) {
  reserve(size_ + size);
  size_ += size;
  return {data_ + size_ - size, size};
}

void SecretBytes::drop_unwritten(std::size_t size) noexcept {
  NES_CHECK(size <= size_);
  size_ -= size;
}

void SecretBytes::erase_front(std::size_t size) noexcept {
  NES_CHECK(size <= size_);
  const std::size_t left = size_ - size;
  if (left != 0 && size != 0) std::memmove(data_, data_ + size, left);
  wipe(data_ + left, size);
  size_ = left;
}

void SecretBytes::clear_keeping(std::size_t capacity) noexcept {
  clear();
  if (capacity_ > capacity) *this = {};
}

void SecretBytes::clear() noexcept {
  wipe(data_, size_);
  size_ = 0;
}

}  // namespace nes::secret
