// The module by its messages, and lib/attest's codec against it.
#include "devkit/nsm_emulator/module.h"

#include <gtest/gtest.h>

#include "attest/nsm_codec.h"
#include "attest/verify.h"
#include "base/limits.h"
#include "devkit/nsm_emulator/digest.h"

namespace nes::nsm_emulator {
namespace {

class MovedClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return 0; }
  std::int64_t unix_ms() const noexcept override { return now_ms; }
  std::int64_t now_ms = 1'800'000'000'000;
};

class ModuleTest : public testing::Test {
 protected:
  static attest::Pcr filled(std::uint8_t byte) {
    attest::Pcr pcr{};
    pcr.fill(byte);
    return pcr;
  }
  // The reason of {"Error": name}; "" for another answer.
  std::string error(const Bytes& request) {
    const Bytes response = module_.handle(request);
    cbor::Reader reader(response);
    if (!reader.map().ok()) return "";
    const auto name = reader.text();
    if (!name.ok() || *name != "Error") return "";
    return std::string(reader.text().value());
  }
  static Bytes on_index(const char* operation, std::int64_t index, const char* name = "index") {
    return cbor::Writer().map(1).text(operation).map(1).text(name).integer(index).result();
  }
  static Bytes extend(std::int64_t index) {
    return cbor::Writer()
        .map(1)
        .text("ExtendPCR")
        .map(2)
        .text("index")
        .integer(index)
        .text("data")
        .bytes(Bytes{7})
        .result();
  }

  MovedClock clock_;
  Chain chain_ = Chain::make(usual_plans(clock_.now_ms)).value();
  attest::TrustRoot root_ = attest::TrustRoot::from_pem(chain_.root_pem()).value();
  Module module_{Chain::make(usual_plans(clock_.now_ms)).value(),
                 {{0, filled(1)}, {1, filled(2)}, {2, filled(3)}},
                 clock_};
};

TEST_F(ModuleTest, gives_the_pcrs_that_it_was_made_with) {
  const Bytes response = module_.handle(attest::encode_describe_pcr_request(1));
  EXPECT_EQ(attest::decode_describe_pcr_response(response).value(), filled(2));
  EXPECT_EQ(
      attest::decode_describe_pcr_response(module_.handle(attest::encode_describe_pcr_request(5))).value(),
      attest::Pcr{});
  EXPECT_EQ(error(attest::encode_describe_pcr_request(32)), "InvalidIndex");
}

TEST_F(ModuleTest, extends_what_is_not_locked) {
  EXPECT_EQ(error(extend(15)), "ReadOnlyIndex");
  EXPECT_EQ(error(extend(32)), "InvalidIndex");
  EXPECT_EQ(error(extend(16)), "");
  EXPECT_EQ(
      attest::decode_describe_pcr_response(module_.handle(attest::encode_describe_pcr_request(16))).value(),
      sha384({attest::Pcr{}, Bytes{7}}).value());
  EXPECT_EQ(module_.handle(on_index("LockPCR", 16)), cbor::Writer().text("LockPCR").result());
  EXPECT_EQ(error(extend(16)), "ReadOnlyIndex");
  EXPECT_EQ(error(extend(20)), "");
  EXPECT_EQ(module_.handle(on_index("LockPCRs", 21, "range")), cbor::Writer().text("LockPCRs").result());
  EXPECT_EQ(error(extend(20)), "ReadOnlyIndex");
  EXPECT_EQ(error(extend(21)), "");
}

TEST_F(ModuleTest, gives_random_bytes) {
  const auto first = attest::decode_get_random_response(module_.handle(attest::encode_get_random_request()));
  const auto second = attest::decode_get_random_response(module_.handle(attest::encode_get_random_request()));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->size(), 256U);
  EXPECT_NE(*first, *second);
}

TEST_F(ModuleTest, signs_documents_that_are_believed_whenever_they_are_asked_for) {
  Module module(std::move(chain_), {{0, filled(1)}, {1, filled(2)}, {2, filled(3)}}, clock_);
  for (int i = 0; i < 3; ++i) {
    const Bytes request =
        attest::encode_attestation_request({.nonce = Bytes{static_cast<std::uint8_t>(i)}}).value();
    const auto document = attest::decode_attestation_response(module.handle(request));
    ASSERT_TRUE(document.ok());
    const attest::Verified verified = attest::parse_and_verify(
        *document, root_, {.pcrs = {{0, filled(1)}}, .nonce = Bytes{static_cast<std::uint8_t>(i)}},
        clock_.now_ms);
    EXPECT_FALSE(verified.failure) << attest::step_name(verified.failure->step);
    clock_.now_ms += 24 * 3'600'000;  // the leaf is long over, and made anew
  }
}

TEST_F(ModuleTest, refuses_what_it_does_not_understand_by_the_names_of_the_nsm) {
  EXPECT_EQ(error(cbor::Writer().text("Nothing").result()), "InvalidOperation");
  EXPECT_EQ(error(on_index("Nothing", 1)), "InvalidOperation");
  EXPECT_EQ(error({}), "InvalidArgument");
  EXPECT_EQ(error(Bytes{0xFF}), "InvalidArgument");
  EXPECT_EQ(error(on_index("DescribePCR", 0, "other")), "InvalidArgument");
  EXPECT_EQ(error(cbor::Writer().map(1).text("Attestation").map(1).text("other").null().result()),
            "InvalidArgument");
  EXPECT_EQ(error(attest::encode_attestation_request({.user_data = Bytes(513)}).value()), "InputTooLarge");
  EXPECT_EQ(error(Bytes(limits::kNsmRequestBytes + 1)), "InputTooLarge");
}

TEST(NsmCodec, takes_an_answer_of_exactly_its_shape) {
  const auto random_of = [](const cbor::Writer& writer) {
    return attest::decode_get_random_response(writer.result());
  };
  EXPECT_TRUE(random_of(cbor::Writer().map(1).text("GetRandom").map(1).text("random").bytes(Bytes{1})).ok());
  EXPECT_FALSE(random_of(cbor::Writer().map(1).text("GetRandom").map(1).text("random").bytes({})).ok());
  EXPECT_FALSE(
      random_of(cbor::Writer().map(1).text("GetRandom").map(1).text("random").bytes(Bytes(257))).ok());
  EXPECT_FALSE(random_of(cbor::Writer().map(1).text("GetRandom").map(1).text("other").bytes(Bytes{1})).ok());
  EXPECT_FALSE(
      random_of(cbor::Writer().map(1).text("Attestation").map(1).text("random").bytes(Bytes{1})).ok());
  EXPECT_FALSE(
      random_of(cbor::Writer().map(1).text("GetRandom").map(1).text("random").bytes(Bytes{1}).null()).ok());
  const auto failed = random_of(cbor::Writer().map(1).text("Error").text("InvalidOperation"));
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_EQ(failed.error().reason.view(), "the NSM says InvalidOperation");
  EXPECT_EQ(random_of(cbor::Writer().map(1).text("Error").text("<script>")).error().code,
            ErrorCode::kMalformed);
  const auto pcr_of = [](const cbor::Writer& writer) {
    return attest::decode_describe_pcr_response(writer.result());
  };
  const auto pcr = [](std::size_t size) {
    return cbor::Writer()
        .map(1)
        .text("DescribePCR")
        .map(2)
        .text("lock")
        .boolean(true)
        .text("data")
        .bytes(Bytes(size));
  };
  EXPECT_TRUE(pcr_of(pcr(48)).ok());
  EXPECT_FALSE(pcr_of(pcr(47)).ok() || pcr_of(pcr(49)).ok() || pcr_of(pcr(0)).ok());
  EXPECT_FALSE(attest::decode_attestation_response(
                   cbor::Writer().map(1).text("Attestation").map(1).text("document").bytes({}).result())
                   .ok());
}

TEST(NsmCodec, asks_for_no_more_than_the_nsm_takes) {
  EXPECT_TRUE(attest::encode_attestation_request({.public_key = Bytes(limits::kNsmRequestBytes - 100)}).ok());
  EXPECT_EQ(attest::encode_attestation_request({.public_key = Bytes(limits::kNsmRequestBytes)}).error().code,
            ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::nsm_emulator
