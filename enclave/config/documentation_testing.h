// For the tests that hold docs/configuration.md to the tables.
#pragma once

#include <fstream>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "enclave/config/variable.h"

namespace nes::config {

// The row of a variable as the page has it.
inline std::string row_of(const VariableInfo& info) {
  const std::string shown = info.required                ? "required"
                            : info.default_value.empty() ? std::string(info.default_note)
                                                         : "`" + std::string(info.default_value) + "`";
  return "| `" + std::string(info.name) + "` | " + shown + " | " + std::string(info.accepts) + " | " +
         std::string(info.meaning) + (info.sensitive ? "; never echoed" : "") + " |\n";
}

inline std::string rows_of(std::span<const VariableInfo> variables) {
  std::string rows;
  for (const VariableInfo& info : variables) rows += row_of(info);
  return rows;
}

// The rows of the page's tables below `heading`, up to the next heading of its level.
inline std::string documented_rows(const std::string& heading) {
  std::ifstream page(NES_CONFIGURATION_PAGE);
  EXPECT_TRUE(page.is_open()) << NES_CONFIGURATION_PAGE;
  std::string rows;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) inside = line == heading;
    if (inside && line.starts_with("| `")) rows += line + "\n";
  }
  return rows;
}

}  // namespace nes::config
