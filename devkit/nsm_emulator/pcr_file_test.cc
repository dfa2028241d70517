#include "devkit/nsm_emulator/pcr_file.h"

#include <gtest/gtest.h>

namespace nes::nsm_emulator {
namespace {

const std::string kHex(96, 'a');

std::string three(const std::string& more = "") {
  return "\"PCR0\": \"" + kHex + "\", \"PCR1\": \"" + kHex + "\", \"PCR2\": \"" + kHex + "\"" + more;
}

TEST(PcrFile, reads_what_nitro_cli_prints_and_the_inner_object_alone) {
  EXPECT_EQ(
      parse_pcrs("{\"Measurements\": {\"HashAlgorithm\": \"Sha384 { ... }\", " + three() + "}}")->size(), 3U);
  EXPECT_EQ(parse_pcrs("{" + three(", \"PCR8\": \"" + kHex + "\"") + "}")->size(), 4U);
}

TEST(PcrFile, refuses_what_is_not_pcrs) {
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), "{" + three() + "} x",
        "{" + three(", \"PCR0\": \"" + kHex + "\"") + "}", "{\"PCR0\": \"" + kHex + "\"}",
        "{" + three(", \"PCR3\": \"ab\"") + "}", "{" + three(", \"PCR3\": 1") + "}"})
    EXPECT_FALSE(parse_pcrs(text).ok()) << text;
}

TEST(PcrFile, writes_what_it_reads) {
  const Pcrs pcrs = measure(as_bytes("a program")).value();
  EXPECT_EQ(parse_pcrs(format_pcrs(pcrs)).value(), pcrs);
}

// SHA384(48 zero bytes || SHA384("abc")), by `printf abc | openssl dgst -sha384 -binary` and again over the
// two.
TEST(Measure, is_the_pcr_formula) {
  EXPECT_EQ(
      base::hex_encode(measure(as_bytes("abc")).value()[0]),
      "93732e3733514a841c982cfa75ea76ab55fe011acb9cd980ef4523913c65be1b0998e04d77f8c174f81a82151619ca40");
  EXPECT_NE(measure(as_bytes("abc")).value()[0], measure(as_bytes("abd")).value()[0]);
  EXPECT_EQ(measure(as_bytes("abc")).value()[1], measure(as_bytes("abd")).value()[1]);
}

}  // namespace
}  // namespace nes::nsm_emulator
