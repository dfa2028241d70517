#include "enclave/service/prepare.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "enclave/service/nsm_testing.h"

namespace nes::service {
namespace {

// The step that fails, and its error. No NSM of these tests gives randomness, and no authorities are there,
// so that nothing is prepared even if the first step passes.
FailedStep failed(const OpenNsm& open_nsm) {
  const auto outcome = prepare(config::Config{}, open_nsm);
  const auto* step = std::get_if<FailedStep>(&outcome);
  return step ? *step : FailedStep{"none", Error{ErrorCode::kIo, "nothing failed"}};
}

OpenNsm nsm_with_zero(std::optional<std::uint16_t> pcr) {
  return [pcr]() -> Result<std::unique_ptr<attest::Nsm>> {
    auto nsm = std::make_unique<FakeNsm>();
    nsm->zero_pcr = pcr;
    nsm->fails = true;
    return std::unique_ptr<attest::Nsm>(std::move(nsm));
  };
}

TEST(Prepare, ends_in_debug_mode_at_the_first_step) {
  for (const std::uint16_t pcr : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{2}}) {
    const FailedStep step = failed(nsm_with_zero(pcr));
    EXPECT_EQ(step.step.view(), "nsm");
    EXPECT_EQ(step.error.code, ErrorCode::kNotAllowed);
    EXPECT_EQ(step.error.position, pcr);
  }
  EXPECT_NE(failed(nsm_with_zero({})).step.view(), "nsm");
  EXPECT_NE(failed(nsm_with_zero(3)).step.view(), "nsm");
}

TEST(Prepare, ends_without_an_nsm_at_the_first_step) {
  const FailedStep step = failed([]() -> Result<std::unique_ptr<attest::Nsm>> {
    return Error{ErrorCode::kIo, "there is no NSM", ENOENT};
  });
  EXPECT_EQ(step.step.view(), "nsm");
  EXPECT_EQ(step.error.position, static_cast<std::uint64_t>(ENOENT));
}

}  // namespace
}  // namespace nes::service
