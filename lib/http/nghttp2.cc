#include "http/nghttp2.h"

#include <string.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <nghttp2/nghttp2.h>

namespace nes::http {
namespace {

// Stands before what nghttp2 is given.
struct alignas(std::max_align_t) Block {
  std::size_t size;
};

Block* block_of(void* memory) noexcept { return static_cast<Block*>(memory) - 1; }

void* allocate(std::size_t size, void* /*user_data*/) noexcept {
  if (size > SIZE_MAX - sizeof(Block)) return nullptr;
  auto* const block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
  if (block == nullptr) return nullptr;
  block->size = size;
  return block + 1;
}

void* allocate_zeros(std::size_t count, std::size_t size, void* user_data) noexcept {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* const memory = allocate(count * size, user_data);
  if (memory != nullptr) memset(memory, 0, count * size);
  return memory;
}

void wipe_and_free(void* memory, void* /*user_data*/) noexcept {
  if (memory == nullptr) return;
  Block* const block = block_of(memory);
  explicit_bzero(memory, block->size);
  std::free(block);
}

void* reallocate(void* memory, std::size_t size, void* user_data) noexcept {
  void* const moved = allocate(size, user_data);
  if (moved == nullptr || memory == nullptr) return moved;
  memcpy(moved, memory, std::min(size, block_of(memory)->size));
  wipe_and_free(memory, user_data);
  return moved;
}

}  // namespace

void Nghttp2Deleter::operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
void Nghttp2Deleter::operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
void Nghttp2Deleter::operator()(nghttp2_session_callbacks* callbacks) const noexcept {
  nghttp2_session_callbacks_del(callbacks);
}

Nghttp2Ptr<nghttp2_session_callbacks> make_nghttp2_callbacks() noexcept {
  nghttp2_session_callbacks* raw = nullptr;
  return Nghttp2Ptr<nghttp2_session_callbacks>(nghttp2_session_callbacks_new(&raw) == 0 ? raw : nullptr);
}

Nghttp2Ptr<nghttp2_option> make_nghttp2_option() noexcept {
  nghttp2_option* raw = nullptr;
  return Nghttp2Ptr<nghttp2_option>(nghttp2_option_new(&raw) == 0 ? raw : nullptr);
}

Nghttp2Ptr<nghttp2_session> make_nghttp2_server(const nghttp2_session_callbacks& callbacks,
                                                const nghttp2_option& option, void* user_data) noexcept {
  nghttp2_mem memory{.mem_user_data = nullptr,
                     .malloc = allocate,
                     .free = wipe_and_free,
                     .calloc = allocate_zeros,
                     .realloc = reallocate};
  nghttp2_session* raw = nullptr;
  const int error = nghttp2_session_server_new3(&raw, &callbacks, user_data, &option, &memory);
  return Nghttp2Ptr<nghttp2_session>(error == 0 ? raw : nullptr);
}

}  // namespace nes::http
