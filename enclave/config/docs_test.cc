// docs/configuration.md and the tables agree, row by row.
#include <gtest/gtest.h>

#include "enclave/config/config.h"
#include "enclave/config/documentation_testing.h"

namespace nes::config {
namespace {

TEST(ConfigurationPage, has_exactly_the_variables_of_the_enclave) {
  EXPECT_EQ(documented_rows("## Variables of the enclave"), rows_of(variables()));
}

}  // namespace
}  // namespace nes::config
