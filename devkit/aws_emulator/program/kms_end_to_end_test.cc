// The enclave's client of KMS against the emulator: attestation, policy, faults, over real sockets.
#include "attest/nsm.h"
#include "aws/fake_server_for_test.h"
#include "aws/kms.h"
#include "aws/recipient_key.h"
#include "devkit/aws_emulator/emulator.h"
#include "devkit/aws_emulator/emulator_testing.h"
#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/kms/kms.h"
#include "devkit/aws_emulator/secrets_manager.h"
#include "devkit/aws_emulator/server.h"
#include "devkit/nsm_emulator/document_maker.h"

namespace nes::aws_emulator {
namespace {

nsm_emulator::Pcrs pcrs_of(std::uint8_t byte) {
  attest::Pcr pcr{};
  pcr.fill(byte);
  return {{std::uint8_t{0}, pcr}};
}

// The statement that `nitro-enc policy render` writes, beside the account's own: Decrypt needs PCR0,
// everything else does not.
std::string policy_for(std::uint8_t pcr0_byte) {
  const Bytes pcr0(48, pcr0_byte);
  return R"({"Version":"2012-10-17","Statement":[
    {"Sid":"Account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"NotAction":"kms:Decrypt","Resource":"*"},
    {"Sid":"AllowNitroEnclaveDecrypt","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/node"},
     "Action":"kms:Decrypt","Resource":"*",
     "Condition":{"StringEqualsIgnoreCase":{"kms:RecipientAttestation:ImageSha384":")" +
         base::hex_encode(pcr0) + R"("}}}]})";
}

class KmsEndToEnd : public ::testing::Test {
 protected:
  KmsEndToEnd() {
    const Caller administrator = principals.administrator().caller;
    const Answer made =
        service.call("CreateKey", JsonObject().text("Policy", policy_for(7)).finish(), administrator);
    EXPECT_EQ(made.status, 200) << made.body;
    const std::string_view body = made.body;
    const std::size_t at = body.find("arn:aws:kms:");
    key_arn = body.substr(at, body.find('"', at) - at);
    blob = aws::Kms(client, key_arn).generate_data_key_without_plaintext(context).value();
  }
  Bytes document(std::uint8_t pcr0_byte) const {
    return nsm_emulator::make_document(
               chain, pcrs_of(pcr0_byte),
               {.user_data = {}, .nonce = {}, .public_key = recipient->public_key_der()}, system.unix_ms())
        .value();
  }
  Result<Bytes> decrypt(ByteView attestation_document) {
    return aws::Kms(client, key_arn).decrypt_for_recipient(blob, context, attestation_document);
  }
  std::optional<aws::RemoteCode> refusal(ByteView attestation_document) {
    const auto answer = decrypt(attestation_document);
    return answer.ok() ? std::nullopt : aws::remote_code_of(answer.error());
  }
  void write_faults(std::string_view rules) {
    write_file(folder.path() + "/faults.new", rules);
    std::filesystem::rename(folder.path() + "/faults.new", folder.path() + "/faults");
  }

  const aws::EncryptionContext context{{"nitro-enc-svc:secret-arn", "arn"}};
  TemporaryFolder folder;
  base::SystemClock system;
  AdjustedClock clock{system, 0};
  nsm_emulator::Chain chain = nsm_emulator::Chain::make(nsm_emulator::usual_plans(system.unix_ms())).value();
  Store store = Store::open(folder.path() + "/state").value();
  Principals principals = Principals::open(store, clock, kPrincipalOptions).value();
  SecretsManager secrets = SecretsManager::open(store, clock, {"111122223333", "us-east-1"}).value();
  Kms service = Kms::open(store, clock,
                          {.account = "111122223333",
                           .region = "us-east-1",
                           .root = attest::TrustRoot::from_pem(chain.root_pem()).value()})
                    .value();
  Emulator emulator{clock,
                    principals,
                    service,
                    secrets,
                    S3::open(folder.path(), "111122223333", "us-east-1").value(),
                    {"111122223333", "us-east-1", folder.path() + "/faults"}};
  std::unique_ptr<Server> server =
      Server::start({.host = "127.0.0.1"}, nullptr, system, [this](const Request& request) {
        return emulator.handle(request);
      }).value();

  // The enclave's side.
  aws::MovedClock moved;
  aws::FixedDialer dialer{server->endpoint()};
  aws::Transport transport{dialer, nullptr, moved};
  aws::Address address{
      .tls = false, .host = "127.0.0.1", .port = static_cast<std::uint16_t>(server->endpoint().port)};
  aws::ImdsCredentials source{transport, address};
  aws::Pacing pacing{.random_below = [](std::uint64_t) { return std::uint64_t{0}; },
                     .sleep_ms = [this](std::int64_t ms) { moved.slept_ms += ms; }};
  aws::CredentialsProvider provider{source, moved, pacing.random_below};
  aws::Client client{transport, provider, pacing, {.region = "us-east-1", .endpoint = address}};
  std::unique_ptr<aws::RecipientKey> recipient = aws::RecipientKey::generate().value();
  std::string key_arn;
  Bytes blob;
};

TEST_F(KmsEndToEnd, gives_a_data_key_to_the_measured_enclave_alone) {
  const auto envelope = decrypt(document(7));
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(recipient->open(*envelope)->size(), 32U);
  EXPECT_EQ(refusal(document(8)), aws::RemoteCode::kAccessDenied) << "another image";
  EXPECT_EQ(refusal(document(0)), aws::RemoteCode::kAccessDenied) << "debug mode";
  Bytes changed = document(7);
  changed.back() ^= 1;
  EXPECT_EQ(refusal(changed), aws::RemoteCode::kInvalidRequest);
}

TEST_F(KmsEndToEnd, is_refused_by_the_client_when_it_lies) {
  write_faults(R"([{"action":"plaintext","service":"kms"}])");
  const auto with_plaintext = decrypt(document(7));
  ASSERT_FALSE(with_plaintext.ok());
  EXPECT_EQ(with_plaintext.error().code, ErrorCode::kMalformed);
  write_faults(R"([{"action":"other_key","service":"kms"}])");
  const auto of_another_key = decrypt(document(7));
  ASSERT_FALSE(of_another_key.ok());
  EXPECT_EQ(of_another_key.error().code, ErrorCode::kMalformed);
}

TEST_F(KmsEndToEnd, is_asked_again_after_faults_that_pass) {
  write_faults(
      R"([{"action":"throttle","service":"kms","times":1},{"action":"drop","service":"kms","times":1},
                   {"action":"expire_credentials","service":"kms","times":1}])");
  EXPECT_TRUE(decrypt(document(7)).ok());
  write_faults("[]");
  moved.moved_ms = -600'000;
  EXPECT_TRUE(decrypt(document(7)).ok()) << "it has learnt the time";
}

}  // namespace
}  // namespace nes::aws_emulator
