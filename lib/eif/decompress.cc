#include "eif/decompress.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>

namespace nes::eif {
namespace {

struct Free {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};

bool begins_with(ByteView bytes, std::initializer_list<std::uint8_t> magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

Error broken() noexcept { return {ErrorCode::kMalformed, "the compressed data is broken or ends early"}; }

Result<Bytes> read_all(archive* reader, std::size_t max_bytes) {
  constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
  Bytes out;
  for (;;) {
    const std::size_t had = out.size();
    const std::size_t room = std::min(std::max(kPieceBytes, had), max_bytes - had + 1);
    out.resize(had + room);
    const la_ssize_t got = archive_read_data(reader, out.data() + had, room);
    if (got < 0) return broken();
    out.resize(had + static_cast<std::size_t>(got));
    if (got == 0) return out;
    if (out.size() > max_bytes) return Error{ErrorCode::kLimit, "the layers unpack to too much"};
  }
}

}  // namespace

// libarchive undoes the compression alone: it is told of no archive format. Its tar reader converts names by
// the locale, and an image must not depend on that.
Result<Bytes> decompress(Bytes stored, std::size_t max_bytes) {
  const bool is_gzip = begins_with(stored, {0x1F, 0x8B});
  const bool is_zstd = begins_with(stored, {0x28, 0xB5, 0x2F, 0xFD});
  if (!is_gzip && !is_zstd) {
    if (stored.size() > max_bytes) return Error{ErrorCode::kLimit, "the layers unpack to too much"};
    return stored;
  }
  const std::unique_ptr<archive, Free> reader(archive_read_new());
  if (!reader) return Error{ErrorCode::kLimit, "there is no memory to unpack a layer"};
  const int filter = is_gzip ? archive_read_support_filter_gzip(reader.get())
                             : archive_read_support_filter_zstd(reader.get());
  if (filter != ARCHIVE_OK || archive_read_support_format_raw(reader.get()) != ARCHIVE_OK ||
      archive_read_support_format_empty(reader.get()) != ARCHIVE_OK ||
      archive_read_open_memory(reader.get(), stored.data(), stored.size()) != ARCHIVE_OK)
    return broken();
  archive_entry* entry = nullptr;
  const int header = archive_read_next_header(reader.get(), &entry);
  // The bid for a filter may fail without a word; then it would be the compressed bytes that come out.
  if (archive_filter_count(reader.get()) < 2) return broken();
  if (header == ARCHIVE_EOF) return Bytes();
  if (header != ARCHIVE_OK) return broken();
  return read_all(reader.get(), max_bytes);
}

}  // namespace nes::eif
