#include "enclave/dev/nsm_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "attest/nsm_codec.h"
#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::dev {
namespace {

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

Bytes framed(ByteView message) {
  Bytes frame(4 + message.size());
  base::store_u32be(static_cast<std::uint32_t>(message.size()), frame.data());
  std::copy(message.begin(), message.end(), frame.begin() + 4);
  return frame;
}

// {"GetRandom": {"random": h'07'}} in CBOR.
const Bytes kRandomAnswer = bytes_of("\xA1\x69GetRandom\xA1\x66random\x41\x07");

class NsmSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/nes-nsm-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    path_ = folder_ + "/nsm.sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = os::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener_.get(), 1), 0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // What `ask` returns of a peer that takes one request of `request_size` bytes, gives `answer` in pieces of
  // `piece` bytes, and hangs up.
  template <typename Ask>
  auto asked(const Bytes& answer, std::size_t request_size, std::size_t piece, const Ask& ask) {
    std::thread peer([&] {
      const os::UniqueFd fd(::accept(listener_.get(), nullptr, nullptr));
      received_.resize(4 + request_size);
      ::recv(fd.get(), received_.data(), received_.size(), MSG_WAITALL);
      for (ByteView rest = answer; !rest.empty();) {
        const ByteView now = rest.first(std::min(piece, rest.size()));
        if (::send(fd.get(), now.data(), now.size(), MSG_NOSIGNAL) < 0) return;
        rest = rest.subspan(now.size());
        std::this_thread::yield();
      }
    });
    NsmSocket nsm(path_);
    auto result = ask(nsm);
    peer.join();
    return result;
  }
  Result<Bytes> random_of(const Bytes& answer, std::size_t piece = kWhole) {
    return asked(answer, attest::encode_get_random_request().size(), piece,
                 [](NsmSocket& nsm) { return nsm.random(); });
  }

  static constexpr std::size_t kWhole = 1 << 20;
  std::string folder_, path_;
  os::UniqueFd listener_;
  Bytes received_;
};

TEST_F(NsmSocketTest, sends_a_request_with_its_length_and_takes_such_an_answer) {
  EXPECT_EQ(random_of(framed(kRandomAnswer)).value(), Bytes{7});
  EXPECT_EQ(received_, framed(attest::encode_get_random_request()));
}

TEST_F(NsmSocketTest, takes_an_answer_byte_by_byte) {
  EXPECT_EQ(random_of(framed(kRandomAnswer), 1).value(), Bytes{7});
}

TEST_F(NsmSocketTest, asks_for_documents_and_pcrs_as_the_device_does) {
  const attest::DocumentRequest request{.user_data = Bytes{1}, .nonce = Bytes{2}};
  const Bytes encoded = attest::encode_attestation_request(request).value();
  const auto document = asked(framed(bytes_of("\xA1\x6B"
                                              "Attestation\xA1\x68"
                                              "document\x42"
                                              "ab")),
                              encoded.size(), kWhole, [&](NsmSocket& nsm) { return nsm.attest(request); });
  EXPECT_EQ(document.value(), bytes_of("ab"));
  EXPECT_EQ(received_, framed(encoded));

  Bytes answer = bytes_of(
      "\xA1\x6B"
      "DescribePCR\xA2\x64lock\xF5\x64"
      "data\x58\x30");
  answer.resize(answer.size() + attest::kPcrBytes, 9);
  const auto pcr = asked(framed(answer), attest::encode_describe_pcr_request(3).size(), kWhole,
                         [](NsmSocket& nsm) { return nsm.describe_pcr(3); });
  attest::Pcr nines{};
  nines.fill(9);
  EXPECT_EQ(pcr.value(), nines);
  EXPECT_EQ(received_, framed(attest::encode_describe_pcr_request(3)));
}

TEST_F(NsmSocketTest, refuses_an_answer_that_is_cut_anywhere) {
  const Bytes answer = framed(kRandomAnswer);
  for (std::size_t size = 0; size < answer.size(); ++size) {
    const Bytes cut(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(random_of(cut).error().code, ErrorCode::kTruncated) << size;
  }
}

TEST_F(NsmSocketTest, refuses_an_answer_that_is_longer_than_the_nsm_gives) {
  EXPECT_EQ(random_of(framed(Bytes(limits::kNsmResponseBytes))).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(random_of(framed(Bytes(limits::kNsmResponseBytes + 1))).error().code, ErrorCode::kLimit);
  EXPECT_EQ(random_of({0xFF, 0xFF, 0xFF, 0xFF}).error().code, ErrorCode::kLimit);
  EXPECT_FALSE(random_of(framed({})).ok());
}

TEST_F(NsmSocketTest, gives_up_on_a_peer_that_does_not_answer) {
  // The kernel takes the connection; nobody accepts it.
  EXPECT_EQ(NsmSocket(path_, 50).random().error().code, ErrorCode::kTimeout);
}

TEST_F(NsmSocketTest, says_that_nobody_listens) {
  const auto none = NsmSocket(folder_ + "/other.sock").random();
  EXPECT_EQ(none.error().code, ErrorCode::kIo);
  EXPECT_EQ(none.error().position, static_cast<std::uint64_t>(ENOENT));
  EXPECT_EQ(NsmSocket(std::string(108, 'x')).random().error().code, ErrorCode::kMalformed);
}

TEST_F(NsmSocketTest, sends_no_request_that_the_nsm_would_not_take) {
  EXPECT_EQ(NsmSocket(path_).attest({.public_key = Bytes(limits::kNsmRequestBytes)}).error().code,
            ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::dev
