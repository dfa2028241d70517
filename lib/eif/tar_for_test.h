// Tar archives, header by header, so that a test decides what is wrong in them.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace nes::eif {

class TarForTest {
 public:
  TarForTest& file(std::string_view name, std::string_view data = "") { return add(name, '0', data); }
  TarForTest& directory(std::string_view name) { return add(name, '5'); }
  TarForTest& symlink(std::string_view name, std::string_view target) { return add(name, '2', "", target); }
  TarForTest& hardlink(std::string_view name, std::string_view target) { return add(name, '1', "", target); }
  // A pax header of one record.
  TarForTest& pax(std::string_view key, std::string_view value, char type = 'x') {
    std::size_t length = key.size() + value.size() + 3;
    while (std::to_string(length).size() + key.size() + value.size() + 3 != length) ++length;
    return add("pax", type,
               std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n");
  }

  TarForTest& add(std::string_view name, char type, std::string_view data = "", std::string_view link = "") {
    std::string header(512, '\0');
    const auto put = [&header](std::size_t at, std::string_view text) {
      std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(0, name);
    put(100, "0000644");
    put(108, "0000001");
    put(116, "0000002");
    char size[12];
    std::snprintf(size, sizeof size, "%011zo", data.size());
    put(124, size);
    header[156] = type;
    put(157, link);
    put(257, std::string_view("ustar\0"
                              "00",
                              8));
    put(329, "0000000");
    put(337, "0000000");
    set_checksum(header);
    text_ += header;
    text_ += data;
    text_.resize((text_.size() + 511) / 512 * 512);
    return *this;
  }

  static void set_checksum(std::string& header) {
    std::fill_n(header.begin() + 148, 8, ' ');
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header.data() + 148, 8, "%06o", sum);
  }

  // With the two blocks that end an archive.
  Bytes end() const {
    const std::string whole = text_ + std::string(1024, '\0');
    return {whole.begin(), whole.end()};
  }

 private:
  std::string text_;
};

}  // namespace nes::eif
