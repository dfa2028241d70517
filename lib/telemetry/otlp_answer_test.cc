#include "telemetry/otlp_answer.h"

#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "telemetry/otlp_encoder.h"
#include "telemetry/protobuf_reader.h"

namespace nes::telemetry {
namespace {

using State = Delivery::State;

std::string partial_success(std::uint32_t rejected) {
  const auto out = otlp_protobuf();
  out->begin({1, ""});
  out->small({1, ""}, rejected);
  out->text({2, ""}, "why");
  out->end();
  return out->take();
}

std::string framed(const std::string& message) {
  std::string frame(4, '\0');
  frame += static_cast<char>(message.size());
  return frame + message;
}

// google.rpc.Status with a RetryInfo behind another detail.
std::string retry_details(std::uint32_t seconds, std::uint32_t nanoseconds, bool padded) {
  const auto out = otlp_protobuf();
  out->small({1, ""}, 8);
  out->begin_list({3, ""});
  out->begin_item();
  out->text({1, ""}, "type.googleapis.com/google.rpc.Help");
  out->end();
  out->begin_item();
  out->text({1, ""}, "type.googleapis.com/google.rpc.RetryInfo");
  out->begin({2, ""});
  out->begin({1, ""});
  out->small({1, ""}, seconds);
  out->small({2, ""}, nanoseconds);
  out->end();
  out->end();
  out->end();
  out->end_list();
  std::string text = base::base64_encode(as_bytes(out->take()));
  while (!padded && text.ends_with('=')) text.pop_back();
  return text;
}

TEST(OtlpAnswer, over_http_is_sent_again_for_four_statuses_alone) {
  for (int status = 300; status <= 599; ++status) {
    const bool again = status == 429 || status == 502 || status == 503 || status == 504;
    const Delivery delivery = judge_http(status, "", "", false);
    EXPECT_EQ(delivery.state, again ? State::kAgain : State::kRefused) << status;
    EXPECT_EQ(delivery.error.position, static_cast<std::uint64_t>(status));
    EXPECT_EQ(delivery.wait_ms, 0);
  }
  for (const int status : {200, 202, 204, 299})
    EXPECT_EQ(judge_http(status, "", "", false).state, State::kTaken);
}

TEST(OtlpAnswer, says_when_to_come_again) {
  EXPECT_EQ(judge_http(429, "7", "", false).wait_ms, 7'000);
  EXPECT_EQ(judge_http(503, "999999999", "", false).wait_ms, 86'400'000);
  for (const char* const wrong :
       {"", "-1", "1.5", "7 ", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999"})
    EXPECT_EQ(judge_http(429, wrong, "", false).wait_ms, 0) << wrong;
}

TEST(OtlpAnswer, over_http_may_be_taken_in_part) {
  EXPECT_EQ(judge_http(200, "", "", false).rejected, 0U);
  EXPECT_EQ(judge_http(200, "", partial_success(3), false).rejected, 3U);
  EXPECT_EQ(judge_http(200, "", "no protobuf", false).state, State::kTaken);
  EXPECT_EQ(
      judge_http(200, "", R"({"partialSuccess":{"rejectedSpans":"4","errorMessage":"x"}})", true).rejected,
      4U);
  EXPECT_EQ(judge_http(200, "", R"({"partialSuccess":{"rejectedLogRecords":5}})", true).rejected, 5U);
  for (const char* const none : {"", "{}", "{", "[]", R"({"partialSuccess":{}})", R"({"partialSuccess":[]})",
                                 R"({"partialSuccess":{"rejectedDataPoints":-4}})"})
    EXPECT_EQ(judge_http(200, "", none, true).rejected, 0U) << none;
}

TEST(OtlpAnswer, over_grpc_is_sent_again_for_the_codes_of_the_specification) {
  for (int code = 1; code <= 17; ++code) {
    const bool again = code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
    EXPECT_EQ(judge_grpc(200, std::to_string(code), "", "").state, again ? State::kAgain : State::kRefused)
        << code;
  }
  for (const char* const wrong : {"-1", "x", "99999999999999999999"})
    EXPECT_EQ(judge_grpc(200, wrong, "", "").state, State::kRefused) << wrong;
}

TEST(OtlpAnswer, over_grpc_exhausted_is_sent_again_where_it_says_when) {
  EXPECT_EQ(judge_grpc(200, "8", "", "").state, State::kRefused);
  EXPECT_EQ(judge_grpc(200, "8", "not base64", "").state, State::kRefused);
  for (const bool padded : {true, false}) {
    const Delivery delivery = judge_grpc(200, "8", retry_details(2, 500'000'000, padded), "");
    EXPECT_EQ(delivery.state, State::kAgain);
    EXPECT_EQ(delivery.wait_ms, 2'500);
  }
  EXPECT_EQ(judge_grpc(200, "14", retry_details(9, 0, true), "").wait_ms, 9'000);
  EXPECT_EQ(judge_grpc(200, "14", "", "").wait_ms, 0);
}

TEST(OtlpAnswer, over_grpc_may_be_taken_in_part) {
  EXPECT_EQ(judge_grpc(200, "0", "", framed("")).rejected, 0U);
  EXPECT_EQ(judge_grpc(200, "0", "", framed(partial_success(9))).rejected, 9U);
  for (const std::string& cut : {std::string(), std::string(4, '\0'), "\1" + std::string(4, '\0')}) {
    EXPECT_EQ(judge_grpc(200, "0", "", cut).state, State::kTaken);
    EXPECT_EQ(judge_grpc(200, "0", "", cut).rejected, 0U);
  }
}

TEST(OtlpAnswer, without_a_status_is_that_of_http) {
  for (const int status : {429, 502, 503, 504})
    EXPECT_EQ(judge_grpc(status, "", "", "").state, State::kAgain);
  for (const int status : {200, 400, 404, 500})
    EXPECT_EQ(judge_grpc(status, "", "", "").state, State::kRefused);
  EXPECT_EQ(judge_grpc(404, "0", "", "").state, State::kRefused);
}

TEST(ProtobufReader, ends_where_the_message_does_not_go_on) {
  const auto out = otlp_protobuf();
  out->small({1, ""}, 300);
  out->fixed64({2, ""}, 7);
  out->fixed32({3, ""}, 8);
  out->text({4, ""}, "abc");
  const std::string message = out->take();
  EXPECT_EQ(protobuf_field(message, 1).value, 300U);
  EXPECT_EQ(protobuf_field(message, 2).value, 7U);
  EXPECT_EQ(protobuf_field(message, 3).value, 8U);
  EXPECT_EQ(protobuf_field(message, 4).bytes, "abc");
  EXPECT_EQ(protobuf_field(message, 5).value, 0U);
  for (std::size_t size = 0; size < message.size(); ++size)
    EXPECT_EQ(protobuf_field(std::string_view(message).substr(0, size), 4).bytes, "") << size;
  for (const char wrong : {'\x00', '\x07', '\x0b', '\x0c', '\x0e'})  // field 0, groups, no wire type
    EXPECT_FALSE(ProtobufReader(std::string(1, wrong) + "\1\1\1\1\1\1\1\1").next().has_value());
  EXPECT_FALSE(ProtobufReader(std::string(11, '\xff')).next().has_value());
}

}  // namespace
}  // namespace nes::telemetry
