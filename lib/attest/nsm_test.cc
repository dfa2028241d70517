#include "attest/nsm.h"

#include <map>

#include <gtest/gtest.h>

namespace nes::attest {
namespace {

// An NSM of PCRs alone; one that is not listed is an error.
class PcrsOnly final : public Nsm {
 public:
  explicit PcrsOnly(std::map<std::uint16_t, std::uint8_t> fill) : fill_(std::move(fill)) {}
  Result<Bytes> attest(const DocumentRequest&) override { return Error{ErrorCode::kIo, "not asked for"}; }
  Result<Bytes> random() override { return Error{ErrorCode::kIo, "not asked for"}; }
  Result<Pcr> describe_pcr(std::uint16_t index) override {
    const auto found = fill_.find(index);
    if (found == fill_.end()) return Error{ErrorCode::kIo, "the NSM says InvalidIndex"};
    Pcr pcr{};
    pcr.back() = found->second;
    return pcr;
  }

 private:
  std::map<std::uint16_t, std::uint8_t> fill_;
};

TEST(CheckMeasured, takes_three_pcrs_that_are_not_zero) {
  PcrsOnly nsm({{0, 1}, {1, 1}, {2, 1}, {3, 0}});
  EXPECT_TRUE(check_measured(nsm).ok());
}

TEST(CheckMeasured, refuses_one_pcr_that_is_zero) {
  for (std::uint16_t index = 0; index <= 2; ++index) {
    std::map<std::uint16_t, std::uint8_t> fill{{0, 1}, {1, 1}, {2, 1}};
    fill[index] = 0;
    PcrsOnly nsm(fill);
    const auto checked = check_measured(nsm);
    ASSERT_FALSE(checked.ok()) << index;
    EXPECT_EQ(checked.error().code, ErrorCode::kNotAllowed);
    EXPECT_EQ(checked.error().position, index);
  }
}

TEST(CheckMeasured, refuses_zeros_whatever_the_other_pcrs_are) {
  PcrsOnly nsm({{0, 0}, {1, 0}, {2, 0}, {3, 1}, {16, 1}});
  EXPECT_EQ(check_measured(nsm).error().code, ErrorCode::kNotAllowed);
}

TEST(CheckMeasured, does_not_take_an_error_for_a_measurement) {
  PcrsOnly nsm({{0, 1}, {1, 1}});
  EXPECT_EQ(check_measured(nsm).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace nes::attest
