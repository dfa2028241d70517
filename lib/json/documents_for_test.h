// Random documents, the same for the same seed, with the keys of plan_for_test() and awkward spellings of
// strings, numbers and white space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>

namespace nes::json {

class DocumentsForTest {
 public:
  explicit DocumentsForTest(std::uint32_t seed) : random_(seed) {}

  // A value with at most `depth` levels of arrays and objects.
  std::string value(int depth) {
    switch (pick(depth == 0 ? 5 : 9)) {
      case 0: return "null";
      case 1: return pick(2) == 0 ? "true" : "false";
      case 2: return kNumbers[pick(std::size(kNumbers))];
      case 3:
      case 4: return kStrings[pick(std::size(kStrings))];
      case 5: return list(depth, '[', ']');
      default: return list(depth, '{', '}');
    }
  }

 private:
  static constexpr const char* kNumbers[] = {"0", "-0", "1.50", "-12e+3", "9007199254740993", "1E400"};
  static constexpr const char* kStrings[] = {"\"\"",
                                             "\"plain\"",
                                             R"("\u0041\/")",
                                             "\"\xC3\xA9 \xF0\x9F\x94\x91\"",
                                             R"("\ud834\udd1e")",
                                             R"("\ud800")",
                                             R"("a\"b\\")",
                                             "\"forty characters are more than a block..\"",
                                             R"("{\"a\":1}")"};
  static constexpr const char* kKeys[] = {"\"a\"",       "\"b\"",        "\"c\"",       "\"d\"",
                                          R"("\u0061")", "\"\xC3\xA9\"", R"("\u00e9")", "\"\"",
                                          "\"zz\"",      "\"x/~y\"",     R"("\ud800")"};

  std::size_t pick(std::size_t n) { return random_() % n; }
  std::string space() { return std::string(pick(6) == 0 ? pick(40) : pick(2), " \n\t\r"[pick(4)]); }
  std::string list(int depth, char opening, char closing) {
    std::string text = opening + space();
    const std::size_t size = pick(5);
    for (std::size_t i = 0; i < size; ++i) {
      if (i != 0) text += "," + space();
      if (opening == '{') text += kKeys[pick(std::size(kKeys))] + space() + ":" + space();
      text += value(depth - 1) + space();
    }
    return text + closing;
  }

  std::mt19937 random_;
};

}  // namespace nes::json
