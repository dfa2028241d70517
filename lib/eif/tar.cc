#include "eif/tar.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "base/byte_reader.h"
#include "eif/limits.h"

namespace nes::eif {
namespace {

constexpr std::size_t kBlockBytes = 512;

bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

// What stands before the first NUL.
std::string_view until_nul(ByteView field) {
  const std::string_view text = as_text(field);
  return text.substr(0, text.find('\0'));
}

// Octal digits between spaces, ended by NULs or spaces; or GNU's base-256, positive.
std::optional<std::uint64_t> parse_number(ByteView field) {
  std::uint64_t value = 0;
  if (field.front() == 0x80) {
    for (const std::uint8_t byte : field.subspan(1)) {
      if (value >> 56 != 0) return std::nullopt;
      value = value << 8 | byte;
    }
    return value;
  }
  std::string_view text = until_nul(field);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  for (const char digit : text) {
    if (digit < '0' || digit > '7' || value >> 61 != 0) return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || value > (std::numeric_limits<std::uint64_t>::max() - 9) / 10)
      return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return text.empty() ? std::nullopt : std::optional(value);
}

bool has_checksum(ByteView header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) sum += i >= 148 && i < 156 ? ' ' : header[i];
  return parse_number(header.subspan(148, 8)) == sum;
}

// What extension headers say of the entry that follows them.
struct Extension {
  std::optional<std::string> path{};
  std::optional<std::string> link{};
  std::optional<std::uint64_t> size{};
  std::optional<std::uint64_t> uid{};
  std::optional<std::uint64_t> gid{};
};

class TarReader {
 public:
  explicit TarReader(ByteView archive) noexcept : rest_(archive) {}

  Result<std::vector<TarEntry>> run() {
    while (rest_.remaining() != 0) {
      const ByteView header = rest_.bytes(kBlockBytes);
      if (!rest_.ok()) return truncated();
      if (is_zero(header)) {
        if (!is_zero(rest_.bytes(rest_.remaining()))) return malformed("bytes follow the end of the archive");
        break;
      }
      NES_TRY(read_header(header));
      if (++headers_ > 2 * limits::kEifTreeEntries || entries_.size() > limits::kEifTreeEntries)
        return Error{ErrorCode::kLimit, "the archive has too many entries", headers_};
    }
    if (is_extended_) return malformed("an extended header is the archive's last");
    return std::move(entries_);
  }

 private:
  Error malformed(base::StaticText reason) const noexcept {
    return {ErrorCode::kMalformed, reason, headers_};
  }
  Error truncated() const noexcept { return {ErrorCode::kTruncated, "the archive ends early", headers_}; }

  Result<void> read_header(ByteView header) {
    if (!has_checksum(header)) return malformed("not a tar archive, or the checksum of a header is wrong");
    const auto stated = parse_number(header.subspan(124, 12));
    if (!stated) return malformed("a size is not understood");
    const char type = static_cast<char>(header[156]);
    switch (type) {
      case 'x':
      case 'g':
      case 'L':
      case 'K': return read_extension(type, *stated);
      default: return read_entry(header, type, extension_.size.value_or(*stated));
    }
  }

  // The content of an entry, without the padding to whole blocks.
  Result<ByteView> content(std::uint64_t size) {
    if (size > rest_.remaining()) return truncated();
    const ByteView data = rest_.bytes(size);
    rest_.bytes((kBlockBytes - size % kBlockBytes) % kBlockBytes);
    if (!rest_.ok()) return truncated();
    return data;
  }

  Result<void> read_extension(char type, std::uint64_t size) {
    if (size > limits::kEifPaxBytes)
      return Error{ErrorCode::kLimit, "an extended header is too large", headers_};
    NES_TRY_ASSIGN(const ByteView data, content(size));
    if (type == 'g') return read_records(data, true);
    is_extended_ = true;
    if (type == 'x') return read_records(data, false);
    (type == 'L' ? extension_.path : extension_.link) = std::string(until_nul(data));
    return {};
  }

  // Records `LENGTH KEY=VALUE\n`, the length in decimal and counting all of the record.
  Result<void> read_records(ByteView data, bool is_global) {
    std::string_view text = as_text(data);
    while (!text.empty()) {
      const std::size_t space = std::min(text.find(' '), text.size());
      const auto length = parse_decimal(text.substr(0, space));
      if (!length || *length > text.size() || *length < space + 4 || text[*length - 1] != '\n')
        return malformed("an extended header is not understood");
      const std::string_view record = text.substr(space + 1, *length - space - 2);
      text.remove_prefix(*length);
      const std::size_t equals = record.find('=');
      if (equals == std::string_view::npos) return malformed("an extended header is not understood");
      NES_TRY(take_record(record.substr(0, equals), record.substr(equals + 1), is_global));
    }
    return {};
  }

  Result<void> take_record(std::string_view key, std::string_view value, bool is_global) {
    if (key.starts_with("GNU.sparse")) return malformed("a file is sparse");
    const bool is_text = key == "path" || key == "linkpath";
    if (!is_text && key != "size" && key != "uid" && key != "gid") return {};
    if (is_global) return malformed("a global header speaks for every entry");
    if (is_text) {
      if (value.find('\0') != std::string_view::npos) return malformed("a name holds a NUL character");
      (key == "path" ? extension_.path : extension_.link) = std::string(value);
      return {};
    }
    const auto number = parse_decimal(value);
    if (!number) return malformed("a number of an extended header is not understood");
    (key == "size" ? extension_.size : key == "uid" ? extension_.uid : extension_.gid) = number;
    return {};
  }

  Result<void> read_entry(ByteView header, char flag, std::uint64_t size) {
    TarEntry entry;
    entry.path = extension_.path ? *extension_.path : name_of(header);
    entry.link = extension_.link ? *extension_.link : std::string(until_nul(header.subspan(157, 100)));
    NES_TRY(set_type(entry, flag));
    NES_TRY(set_numbers(entry, header));
    const bool is_link = entry.type == TarEntry::Type::kHardlink || entry.type == TarEntry::Type::kSymlink;
    if (entry.path.empty() || (is_link && entry.link.empty())) return malformed("a name is empty");
    if (!is_link) entry.link.clear();
    if (entry.type == TarEntry::Type::kFile) {
      NES_TRY_ASSIGN(entry.data, content(size));
    } else if (size != 0) {
      return malformed("an entry that is no file has content");
    }
    entries_.push_back(std::move(entry));
    extension_ = {};
    is_extended_ = false;
    return {};
  }

  static std::string name_of(ByteView header) {
    const std::string name(until_nul(header.first(100)));
    const std::string_view prefix = until_nul(header.subspan(345, 155));
    const bool is_ustar = as_text(header.subspan(257, 6)) == std::string_view("ustar\0", 6);
    return is_ustar && !prefix.empty() ? std::string(prefix) + "/" + name : name;
  }

  Result<void> set_type(TarEntry& entry, char flag) {
    switch (flag) {
      case '\0':
      case '0':
        // As archives from before ustar have directories.
        if (entry.path.ends_with('/')) entry.type = TarEntry::Type::kDirectory;
        return {};
      case '7': return {};
      case '1': entry.type = TarEntry::Type::kHardlink; return {};
      case '2': entry.type = TarEntry::Type::kSymlink; return {};
      case '3': entry.type = TarEntry::Type::kCharacter; return {};
      case '4': entry.type = TarEntry::Type::kBlock; return {};
      case '5': entry.type = TarEntry::Type::kDirectory; return {};
      case '6': entry.type = TarEntry::Type::kFifo; return {};
      case 'S': return malformed("a file is sparse");
      default: return malformed("an entry is of an unknown type");
    }
  }

  Result<void> set_numbers(TarEntry& entry, ByteView header) {
    constexpr std::uint64_t kNoId = std::numeric_limits<std::uint32_t>::max();  // chown(2): leave it as it is
    const auto mode = parse_number(header.subspan(100, 8));
    const auto uid = extension_.uid ? extension_.uid : parse_number(header.subspan(108, 8));
    const auto gid = extension_.gid ? extension_.gid : parse_number(header.subspan(116, 8));
    if (!mode || !uid || !gid || *uid >= kNoId || *gid >= kNoId)
      return malformed("a mode or an owner is not understood");
    entry.mode = static_cast<std::uint32_t>(*mode & 07777);
    entry.uid = static_cast<std::uint32_t>(*uid);
    entry.gid = static_cast<std::uint32_t>(*gid);
    if (entry.type != TarEntry::Type::kCharacter && entry.type != TarEntry::Type::kBlock) return {};
    const auto major = parse_number(header.subspan(329, 8));
    const auto minor = parse_number(header.subspan(337, 8));
    if (!major || !minor || *major >= kNoId || *minor >= kNoId)
      return malformed("a device's number is not understood");
    entry.major = static_cast<std::uint32_t>(*major);
    entry.minor = static_cast<std::uint32_t>(*minor);
    return {};
  }

  base::ByteReader rest_;
  std::vector<TarEntry> entries_;
  Extension extension_;
  bool is_extended_ = false;
  std::uint64_t headers_ = 0;
};

}  // namespace

Result<std::vector<TarEntry>> read_tar(ByteView archive) { return TarReader(archive).run(); }

}  // namespace nes::eif
