#include "os/entropy.h"

#include <unistd.h>

#include <cerrno>

#include <gtest/gtest.h>

namespace nes::os {
namespace {

TEST(Entropy, is_for_root_alone) {
  const Bytes seed(256, 0x5A);
  const auto added = add_entropy(seed);
  // A container's root may lack the capability.
  if (!added.ok()) {
    EXPECT_EQ(added.error().code, ErrorCode::kIo);
    EXPECT_TRUE(added.error().position == EPERM || added.error().position == EACCES)
        << added.error().position;
  } else {
    EXPECT_EQ(::geteuid(), 0U);
  }
}

TEST(Entropy, is_bounded) { EXPECT_EQ(add_entropy(Bytes(513)).error().code, ErrorCode::kLimit); }

}  // namespace
}  // namespace nes::os
