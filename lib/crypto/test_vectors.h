// For tests alone: reads a file of testdata/vectors. Lines are "name = value"; `#` starts a comment line; a
// case ends at a blank line. Throws on anything else, so that no vector is skipped in silence.
#pragma once

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "secret/secret.h"

namespace nes::crypto {

class TestCase {
 public:
  void add(std::string name, std::string value) { values_.emplace(std::move(name), std::move(value)); }
  bool empty() const { return values_.empty(); }
  const std::string& text(const std::string& name) const { return values_.at(name); }
  Bytes bytes(const std::string& name) const { return base::hex_decode(text(name)).value(); }
  secret::SecretBytes secret(const std::string& name) const {
    return secret::SecretBytes::copy_of(bytes(name));
  }

 private:
  std::map<std::string, std::string> values_;
};

inline std::vector<TestCase> read_test_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<TestCase> cases;
  TestCase current;
  const auto finish = [&] {
    if (!current.empty()) cases.push_back(std::move(current));
    current = TestCase();
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      finish();
      continue;
    }
    const std::size_t equals = line.find(" =");
    if (equals == std::string::npos) throw std::runtime_error("not a vector: " + line);
    const std::size_t value = line.find_first_not_of(' ', equals + 2);
    current.add(line.substr(0, equals), value == std::string::npos ? "" : line.substr(value));
  }
  finish();
  return cases;
}

}  // namespace nes::crypto
