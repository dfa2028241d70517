// Types for bytes that must not be seen: keys, and plaintext of customers on its way to or from a token.
//
// SecretBytes is move-only, wiped when it dies, cannot be printed, compared with == or converted to a view
// by accident: reveal() is the only way in, and grep finds every use. tests/must_not_compile holds it to
// that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace nes::secret {

// Overwrites with zeros; never optimized away.
void wipe(void* data, std::size_t size) noexcept;
inline void wipe(ByteSpan bytes) noexcept { wipe(bytes.data(), bytes.size()); }

// Time depends on the sizes alone. False when the sizes differ.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b) noexcept;

// A growable buffer of secret bytes. Growth wipes what it leaves behind. Thread-compatible.
class SecretBytes {
 public:
  SecretBytes() noexcept = default;
  explicit SecretBytes(std::size_t size);      // zeros
  static SecretBytes copy_of(ByteView bytes);  // the caller still has to wipe the source
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  // The bytes. Valid until the next call that is not const.
  ByteView reveal() const noexcept { return {data_, size_}; }
  ByteSpan reveal_mutable() noexcept { return {data_, size_}; }

  void append(ByteView bytes);
  void push_back(std::uint8_t byte);
  void reserve(std::size_t capacity);
  // Grows with zeros, or shrinks and wipes the rest.
  void resize(std::size_t size);
  // Grows by `size` bytes of unspecified content, to be written by the caller, and returns them.
  ByteSpan grow_uninitialized(std::size_t size);
  // Gives back the last `size` bytes of what grow_uninitialized() returned: they were never written.
  void drop_unwritten(std::size_t size) noexcept;
  // Removes the first `size` bytes: what follows moves up, what it leaves is wiped.
  void erase_front(std::size_t size) noexcept;
  // Wipes and empties; keeps the memory for the next use.
  void clear() noexcept;
  // The same, but gives back memory of more than `capacity` bytes.
  void clear_keeping(std::size_t capacity) noexcept;

  friend bool operator==(const SecretBytes&, const SecretBytes&) = delete;

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace nes::secret
