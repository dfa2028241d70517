// attest::verify against documents that are right but for one thing.
#include "attest/verify.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "devkit/nsm_emulator/document_maker.h"

namespace nes::nsm_emulator {
namespace {

using attest::Expected;
using attest::TrustRoot;

constexpr std::int64_t kNowMs = 1'800'000'000'000;
constexpr std::int64_t kHourS = 3600;

attest::Pcr filled(std::uint8_t byte) {
  attest::Pcr pcr{};
  pcr.fill(byte);
  return pcr;
}

const Pcrs kPcrs = {{0, filled(1)}, {1, filled(2)}, {2, filled(3)}};
const attest::DocumentRequest kRequest = {.user_data = Bytes{1}, .nonce = Bytes{2}, .public_key = Bytes{3}};

TrustRoot root_of(const Chain& chain) { return TrustRoot::from_pem(chain.root_pem()).value(); }

// "believed", or "<step>: <reason>".
std::string verdict(ByteView document, const TrustRoot& root, const Expected& expected = {},
                    std::int64_t unix_ms = kNowMs) {
  const attest::Verified verified = attest::parse_and_verify(document, root, expected, unix_ms);
  if (!verified.failure) return "believed";
  return std::string(attest::step_name(verified.failure->step)) + ": " +
         std::string(verified.failure->error.reason.view());
}

// The verdict on a document whose chain is as `change` leaves the plans.
std::string verdict_of_chain(const std::function<void(std::vector<CertificatePlan>&)>& change) {
  auto plans = usual_plans(kNowMs);
  change(plans);
  const Chain chain = Chain::make(plans).value();
  const auto root = TrustRoot::from_pem(chain.root_pem());
  if (!root.ok()) return "root: " + std::string(root.error().reason.view());
  return verdict(make_document(chain, kPcrs, kRequest, kNowMs).value(), *root);
}

class VerifyTest : public testing::Test {
 protected:
  std::string verdict_with(const Expected& expected) {
    return verdict(make_document(chain_, kPcrs, kRequest, kNowMs).value(), root_, expected);
  }
  Chain chain_ = Chain::make(usual_plans(kNowMs)).value();
  TrustRoot root_ = root_of(chain_);
};

TEST_F(VerifyTest, believes_what_is_right) {
  EXPECT_EQ(verdict_with({}), "believed");
  EXPECT_EQ(verdict_with({.pcrs = kPcrs, .nonce = Bytes{2}, .user_data = Bytes{1}, .public_key = Bytes{3}}),
            "believed");
}

TEST_F(VerifyTest, names_the_expectation_that_fails) {
  EXPECT_EQ(verdict_with({.pcrs = {{0, filled(9)}}}), "pcrs: a PCR has another value");
  EXPECT_EQ(verdict_with({.pcrs = {{3, filled(0)}}}), "pcrs: an expected PCR is not there");
  EXPECT_EQ(verdict_with({.nonce = Bytes{9}}), "nonce: the nonce is another one");
  EXPECT_EQ(verdict_with({.nonce = Bytes{}}), "nonce: the nonce is another one");
  EXPECT_EQ(verdict_with({.user_data = Bytes{9}}), "user_data: user_data is other than expected");
  EXPECT_EQ(verdict_with({.public_key = Bytes{9}}), "public_key: public_key is other than expected");
}

TEST_F(VerifyTest, does_not_take_an_absent_field_for_an_expected_one) {
  const Bytes document = make_document(chain_, kPcrs, {}, kNowMs).value();
  EXPECT_EQ(verdict(document, root_), "believed");
  EXPECT_EQ(verdict(document, root_, {.nonce = Bytes{}}), "nonce: the nonce is another one");
}

TEST_F(VerifyTest, refuses_debug_mode_unless_asked_not_to) {
  const Pcrs zeros = {{0, {}}, {1, {}}, {2, {}}, {3, filled(1)}};
  const Bytes document = make_document(chain_, zeros, kRequest, kNowMs).value();
  EXPECT_EQ(verdict(document, root_).substr(0, 9), "measured:");
  EXPECT_EQ(verdict(document, root_, {.allow_debug = true}), "believed");
  const Bytes without = make_document(chain_, {{4, filled(1)}}, kRequest, kNowMs).value();
  EXPECT_EQ(verdict(without, root_).substr(0, 9), "measured:");
}

TEST_F(VerifyTest, refuses_one_of_the_first_three_pcrs_that_is_zero_or_not_there) {
  for (std::uint8_t index = 0; index <= 2; ++index) {
    Pcrs pcrs = kPcrs;
    pcrs[index] = {};
    EXPECT_EQ(verdict(make_document(chain_, pcrs, kRequest, kNowMs).value(), root_).substr(0, 9),
              "measured:");
    pcrs.erase(index);
    EXPECT_EQ(verdict(make_document(chain_, pcrs, kRequest, kNowMs).value(), root_).substr(0, 9),
              "measured:");
  }
  Pcrs more = kPcrs;
  more[3] = {};
  EXPECT_EQ(verdict(make_document(chain_, more, kRequest, kNowMs).value(), root_), "believed");
}

TEST_F(VerifyTest, refuses_another_root) {
  const Chain other = Chain::make(usual_plans(kNowMs)).value();
  const Bytes document = make_document(chain_, kPcrs, kRequest, kNowMs).value();
  EXPECT_EQ(verdict(document, root_of(other)), "chain: a certificate is not signed by its issuer");
  EXPECT_EQ(verdict(document, TrustRoot::aws_nitro()), "chain: a certificate names another issuer");
}

TEST_F(VerifyTest, is_valid_from_the_first_second_to_the_last) {
  const Bytes document = make_document(chain_, kPcrs, kRequest, kNowMs).value();
  const std::int64_t begins_ms = kNowMs - 300'000, ends_ms = begins_ms + 3 * kHourS * 1000;
  EXPECT_EQ(verdict(document, root_, {}, begins_ms - 1000), "chain: a certificate is not valid at this time");
  EXPECT_EQ(verdict(document, root_, {}, begins_ms), "believed");
  EXPECT_EQ(verdict(document, root_, {}, ends_ms), "believed");
  EXPECT_EQ(verdict(document, root_, {}, ends_ms + 1000), "chain: a certificate is not valid at this time");
}

TEST(VerifyChain, refuses_each_certificate_that_is_not_as_it_should_be) {
  EXPECT_EQ(verdict_of_chain([](auto&) {}), "believed");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[1].ends_unix_s = kNowMs / 1000 - 1; }),
            "chain: a certificate is not valid at this time");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[0].ends_unix_s = kNowMs / 1000 - 1; }),
            "chain: a certificate is not valid at this time");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[2].begins_unix_s = kNowMs / 1000 + 1; }),
            "chain: a certificate is not valid at this time");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[1].basic_constraints = "critical,CA:FALSE"; }),
            "chain: an issuer is no CA");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[1].basic_constraints = ""; }),
            "chain: an issuer is no CA");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[1].key_usage = "critical,digitalSignature"; }),
            "chain: an issuer may not sign certificates");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[1].key_usage = ""; }),
            "chain: an issuer may not sign certificates");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[0].basic_constraints = "critical,CA:TRUE,pathlen:0"; }),
            "chain: the chain is longer than an issuer allows");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[0].basic_constraints = "critical,CA:TRUE,pathlen:1"; }),
            "believed");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[1].curve = "P-256"; }),
            "chain: a certificate's key is not on P-384");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[2].curve = "P-256"; }),
            "chain: a certificate's key is not on P-384");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[2].digest = "SHA256"; }),
            "chain: a certificate is not signed with ECDSA and SHA-384");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[2].signed_by_another = true; }),
            "chain: a certificate is not signed by its issuer");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[1].signed_by_another = true; }),
            "chain: a certificate is not signed by its issuer");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[2].basic_constraints = "critical,CA:TRUE"; }),
            "chain: the document's certificate is a CA's");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[2].key_usage = "critical,keyEncipherment"; }),
            "chain: the document's certificate may not sign");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans[2].key_usage = ""; }),
            "chain: the document's certificate may not sign");
  EXPECT_EQ(verdict_of_chain([](auto& plans) { plans.erase(plans.begin() + 1); }), "believed");
}

TEST(TrustRoot, is_one_self_signed_p_384_ca) {
  const auto refused = [](const std::function<void(CertificatePlan&)>& change) {
    auto plans = usual_plans(kNowMs);
    change(plans[0]);
    return !TrustRoot::from_pem(Chain::make(plans)->root_pem()).ok();
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& root) { root.curve = "P-256"; }));
  EXPECT_TRUE(refused([](auto& root) { root.basic_constraints = "critical,CA:FALSE"; }));
  EXPECT_TRUE(refused([](auto& root) { root.signed_by_another = true; }));
  const std::string pem = Chain::make(usual_plans(kNowMs))->root_pem();
  EXPECT_FALSE(TrustRoot::from_pem("").ok());
  EXPECT_FALSE(TrustRoot::from_pem(pem + pem).ok());
  EXPECT_FALSE(TrustRoot::from_pem(pem.substr(0, pem.size() / 2)).ok());
}

TEST_F(VerifyTest, refuses_a_signature_over_something_else) {
  const Bytes payload = make_payload(chain_, kPcrs, kRequest, kNowMs).value();
  Bytes other = payload;
  other[other.size() - 1] ^= 1;  // the nonce's only byte
  const Bytes document = sign_payload(chain_, payload).value();
  Bytes swapped = document;
  const auto at = std::search(swapped.begin(), swapped.end(), payload.begin(), payload.end());
  ASSERT_NE(at, swapped.end());
  std::copy(other.begin(), other.end(), at);
  EXPECT_EQ(verdict(swapped, root_), "signature: the signature is not the certificate's over this document");
  EXPECT_EQ(verdict(sign_payload(chain_, other).value(), root_), "believed");
}

TEST_F(VerifyTest, believes_unsigned_documents_under_the_development_root_alone) {
  const Bytes payload = make_payload(chain_, kPcrs, kRequest, kNowMs).value();
  const Bytes document = make_unsigned_document(payload);
  EXPECT_EQ(verdict(document, TrustRoot::unsigned_development()), "believed");
  EXPECT_EQ(verdict(document, root_), "syntax: the document is not signed");
  EXPECT_EQ(verdict(sign_payload(chain_, payload).value(), TrustRoot::unsigned_development()),
            "syntax: the document is signed, and no root is trusted");
  Bytes with_signature = document;
  with_signature.back() = 1;
  EXPECT_EQ(verdict(with_signature, TrustRoot::unsigned_development()),
            "signature: an unsigned document has a signature");
}

// The fields of a payload, to be written with something wrong.
class PayloadTest : public VerifyTest {
 protected:
  using Field = std::function<void(cbor::Writer&)>;

  // "believed" or the reason, for a signed payload of these fields.
  std::string syntax(const std::vector<Field>& fields) {
    cbor::Writer writer;
    writer.map(fields.size());
    for (const Field& field : fields) field(writer);
    const std::string said = verdict(sign_payload(chain_, writer.result()).value(), root_);
    return said.starts_with("syntax: ") ? said.substr(8) : said;
  }

  std::vector<Field> fields() {
    return {[](auto& w) { w.text("module_id").text("m"); },
            [](auto& w) { w.text("timestamp").integer(kNowMs); },
            [](auto& w) { w.text("digest").text("SHA384"); },
            [](auto& w) {
              w.text("pcrs").map(3);
              for (std::uint8_t i = 0; i < 3; ++i) w.integer(i).bytes(filled(1));
            },
            [this](auto& w) { w.text("certificate").bytes(chain_.leaf()); },
            [this](auto& w) {
              w.text("cabundle").array(2);
              for (const Bytes& certificate : chain_.cabundle()) w.bytes(certificate);
            },
            [](auto& w) { w.text("public_key").null(); },
            [](auto& w) { w.text("user_data").null(); },
            [](auto& w) { w.text("nonce").null(); }};
  }

  std::string syntax_with(std::size_t index, const Field& field) {
    auto changed = fields();
    changed[index] = field;
    return syntax(changed);
  }
};

TEST_F(PayloadTest, takes_fields_in_any_order_and_leaves_out_what_is_optional) {
  EXPECT_EQ(syntax(fields()), "believed");
  auto reversed = fields();
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(syntax(reversed), "believed");
  auto required = fields();
  required.resize(6);
  EXPECT_EQ(syntax(required), "believed");
}

TEST_F(PayloadTest, refuses_missing_unknown_and_repeated_fields) {
  for (std::size_t i = 0; i < 6; ++i) {
    auto without = fields();
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(syntax(without), "a field is missing") << i;
  }
  for (std::size_t i = 0; i < 9; ++i) {
    auto twice = fields();
    twice.push_back(twice[i]);
    EXPECT_EQ(syntax(twice), "a field is there twice") << i;
  }
  auto more = fields();
  more.push_back([](auto& w) { w.text("extra").integer(1); });
  EXPECT_EQ(syntax(more), "a field is unknown");
}

TEST_F(PayloadTest, refuses_pcrs_that_are_not_32_at_most_of_48_bytes_each_once) {
  constexpr std::size_t kPcrsField = 3;
  const auto with = [&](const Field& field) { return syntax_with(kPcrsField, field); };
  EXPECT_EQ(with([](auto& w) { w.text("pcrs").map(0); }), "there are no PCRs, or too many");
  EXPECT_EQ(
      with([](auto& w) { w.text("pcrs").map(2).integer(0).bytes(filled(1)).integer(0).bytes(filled(2)); }),
      "a PCR is there twice");
  EXPECT_EQ(with([](auto& w) { w.text("pcrs").map(1).integer(0).bytes(Bytes(47, 1)); }),
            "a PCR is not 48 bytes");
  EXPECT_EQ(with([](auto& w) { w.text("pcrs").map(1).integer(0).bytes(Bytes(49, 1)); }),
            "a PCR is not 48 bytes");
  EXPECT_EQ(with([](auto& w) { w.text("pcrs").map(1).integer(32).bytes(filled(1)); }),
            "a PCR's index is out of range");
  EXPECT_EQ(with([](auto& w) { w.text("pcrs").map(1).integer(-1).bytes(filled(1)); }),
            "an item of another type than expected");
  const auto many = [&](std::int64_t count) {
    return with([count](auto& w) {
      w.text("pcrs").map(static_cast<std::size_t>(count));
      for (std::int64_t i = 0; i < count; ++i) w.integer(i).bytes(filled(1));
    });
  };
  EXPECT_EQ(many(32), "believed");
  EXPECT_EQ(many(33), "there are no PCRs, or too many");
}

TEST_F(PayloadTest, holds_every_field_to_its_bounds) {
  EXPECT_EQ(syntax_with(0, [](auto& w) { w.text("module_id").text(""); }), "module_id is empty or too long");
  EXPECT_EQ(syntax_with(1, [](auto& w) { w.text("timestamp").integer(0); }), "the timestamp is not positive");
  EXPECT_EQ(syntax_with(1, [](auto& w) { w.text("timestamp").text("now"); }), "not an integer");
  EXPECT_EQ(syntax_with(2, [](auto& w) { w.text("digest").text("SHA256"); }), "the digest is not SHA384");
  EXPECT_EQ(syntax_with(4, [](auto& w) { w.text("certificate").bytes({}); }),
            "a field is too short or too long");
  EXPECT_EQ(syntax_with(4, [](auto& w) { w.text("certificate").bytes(Bytes(1025)); }),
            "a field is too short or too long");
  EXPECT_EQ(syntax_with(5, [](auto& w) { w.text("cabundle").array(0); }),
            "there are no certificates, or too many");
  const auto sized = [&](std::size_t field, const char* name, std::size_t size) {
    return syntax_with(field, [=](auto& w) { w.text(name).bytes(Bytes(size)); });
  };
  EXPECT_EQ(sized(6, "public_key", 1), "believed");
  EXPECT_EQ(sized(6, "public_key", 1024), "believed");
  EXPECT_EQ(sized(6, "public_key", 0), "a field is too short or too long");
  EXPECT_EQ(sized(6, "public_key", 1025), "a field is too short or too long");
  EXPECT_EQ(sized(7, "user_data", 0), "believed");
  EXPECT_EQ(sized(7, "user_data", 512), "believed");
  EXPECT_EQ(sized(7, "user_data", 513), "a field is too short or too long");
  EXPECT_EQ(sized(8, "nonce", 512), "believed");
  EXPECT_EQ(sized(8, "nonce", 513), "a field is too short or too long");
}

TEST_F(PayloadTest, refuses_bytes_behind_the_payload) {
  Bytes payload = make_payload(chain_, kPcrs, kRequest, kNowMs).value();
  payload.push_back(0);
  EXPECT_EQ(verdict(sign_payload(chain_, payload).value(), root_), "syntax: bytes follow the end");
}

TEST_F(VerifyTest, takes_the_tag_of_cose_sign1_or_none) {
  const Bytes document = make_document(chain_, kPcrs, kRequest, kNowMs).value();
  const auto tagged = [&](std::uint64_t tag) {
    Bytes bytes = cbor::Writer().tag(tag).result();
    bytes.insert(bytes.end(), document.begin(), document.end());
    return verdict(bytes, root_);
  };
  EXPECT_EQ(tagged(18), "believed");
  EXPECT_EQ(tagged(17), "syntax: the tag is not COSE_Sign1's");
  EXPECT_EQ(tagged(98), "syntax: the tag is not COSE_Sign1's");
  Bytes longer = document;
  longer.push_back(0);
  EXPECT_EQ(verdict(longer, root_), "syntax: bytes follow the end");
}

TEST_F(VerifyTest, takes_es384_alone) {
  const Bytes payload = make_payload(chain_, kPcrs, kRequest, kNowMs).value();
  const auto with = [&](const Bytes& header, std::size_t unprotected, std::size_t signature) {
    cbor::Writer writer;
    writer.array(4).bytes(header).map(unprotected);
    if (unprotected != 0) writer.integer(4).integer(1);
    return verdict(writer.bytes(payload).bytes(Bytes(signature, 1)).result(), root_);
  };
  const auto header = [](std::int64_t label, std::int64_t algorithm) {
    return cbor::Writer().map(1).integer(label).integer(algorithm).result();
  };
  EXPECT_EQ(with(header(1, -35), 0, 96),
            "signature: the signature is not the certificate's over this document");
  for (const std::int64_t algorithm : {-7, -36, -37, 5, 0})
    EXPECT_EQ(with(header(1, algorithm), 0, 96), "syntax: the algorithm is not ES384") << algorithm;
  EXPECT_EQ(with(header(2, -35), 0, 96), "syntax: the protected header is not the algorithm alone");
  EXPECT_EQ(with(header(1, -35), 1, 96), "syntax: the unprotected header is not empty");
  EXPECT_EQ(with(header(1, -35), 0, 95), "syntax: the signature is too short or too long");
  EXPECT_EQ(with(header(1, -35), 0, 97), "syntax: a field is too short or too long");
}

}  // namespace
}  // namespace nes::nsm_emulator
