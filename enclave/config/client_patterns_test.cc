#include "enclave/config/client_patterns.h"

#include <gtest/gtest.h>

namespace nes::config {
namespace {

using namespace std::string_literals;

ClientPatterns patterns(std::string_view text) {
  auto value = ClientPatterns::parse(text);
  if (const auto* rejection = std::get_if<Rejection>(&value))
    ADD_FAILURE() << text << ": " << rejection->what;
  return std::holds_alternative<ClientPatterns>(value) ? std::get<ClientPatterns>(std::move(value))
                                                       : ClientPatterns{};
}

std::string refusal(std::string_view text) {
  const auto value = ClientPatterns::parse(text);
  const auto* rejection = std::get_if<Rejection>(&value);
  return rejection ? rejection->what : "accepted";
}

bool dns_matches(std::string_view pattern, std::string_view san) {
  const San sans[] = {{SanType::kDns, san}};
  return patterns("DNS:" + std::string(pattern)).match(sans).has_value();
}

bool uri_matches(std::string_view pattern, std::string_view san) {
  const San sans[] = {{SanType::kUri, san}};
  return patterns("URI:" + std::string(pattern)).match(sans).has_value();
}

TEST(ClientPatterns, nobody_is_nobody) {
  const San sans[] = {{SanType::kDns, "nobody"}, {SanType::kDns, "a.example"}};
  EXPECT_EQ(ClientPatterns().kind(), ClientPatterns::Kind::kNobody);
  EXPECT_FALSE(patterns("nobody").match(sans).has_value());
  EXPECT_FALSE(patterns("nobody").match({}).has_value());
}

TEST(ClientPatterns, anonymous_is_everybody) {
  const San sans[] = {{SanType::kDns, "a.example"}};
  const ClientPatterns anonymous = patterns("anonymous");
  for (const auto& match : {anonymous.match({}), anonymous.match(sans)}) {
    ASSERT_TRUE(match.has_value());
    EXPECT_FALSE(match->san.has_value());
    EXPECT_FALSE(match->pattern.has_value());
    EXPECT_TRUE(match->allows_context(""));
    EXPECT_TRUE(match->allows_context("cards"));
  }
}

TEST(ClientPatterns, a_list_is_closed_to_clients_without_a_name) {
  EXPECT_FALSE(patterns("DNS:*").match({}).has_value());
}

TEST(ClientPatterns, dns_names_match_label_by_label_without_regard_to_case) {
  EXPECT_TRUE(dns_matches("pay.example", "pay.example"));
  EXPECT_TRUE(dns_matches("PAY.example", "pay.EXAMPLE"));
  EXPECT_TRUE(dns_matches("*.example", "pay.example"));
  EXPECT_TRUE(dns_matches("*.*.example", "a.b.example"));
  EXPECT_TRUE(dns_matches("pay.*.example", "pay.eu.example"));
  EXPECT_TRUE(dns_matches("*", "localhost"));
  EXPECT_FALSE(dns_matches("pay.example", "pay.example.evil"));
  EXPECT_FALSE(dns_matches("pay.example", "evil.pay.example"));
  EXPECT_FALSE(dns_matches("*.example", "example"));
  EXPECT_FALSE(dns_matches("*.example", "a.b.example"));
  EXPECT_FALSE(dns_matches("pay.*.example", "pay.example"));
  EXPECT_FALSE(dns_matches("pay.example", "payxexample"));
}

TEST(ClientPatterns, hostile_dns_names_match_nothing) {
  for (const std::string& san :
       {"pay.example."s, ".pay.example"s, "pay..example"s, "*.example"s, "pay.example\0"s, "pay\0.example"s,
        "pay.example\0.evil"s, "pay.example "s, " pay.example"s, "pay.example\n"s, "pa%79.example"s,
        "p\xc3\xa4y.example"s, "pay_.example"s, "-pay.example"s, ""s, std::string(64, 'a') + ".example",
        "pay.example:443"s, "pay.example/x"s}) {
    EXPECT_FALSE(dns_matches("pay.example", san)) << san;
    EXPECT_FALSE(dns_matches("*.example", san)) << san;
    EXPECT_FALSE(dns_matches("*", san)) << san;
  }
}

TEST(ClientPatterns, uris_match_segment_by_segment) {
  EXPECT_TRUE(uri_matches("spiffe://prod.example/ns/pay/sa/api", "spiffe://prod.example/ns/pay/sa/api"));
  EXPECT_TRUE(uri_matches("spiffe://prod.example/ns/*/sa/*", "spiffe://prod.example/ns/pay/sa/api"));
  EXPECT_TRUE(uri_matches("SPIFFE://Prod.example/a", "spiffe://prod.EXAMPLE/a"));
  EXPECT_TRUE(uri_matches("https://a.example:8443/x", "https://a.example:8443/x"));
  EXPECT_TRUE(uri_matches("spiffe://prod.example", "spiffe://prod.example"));
  EXPECT_TRUE(uri_matches("https://a.example/", "https://a.example/"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/a", "spiffe://prod.example/A"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/a", "spiffe://prod.example/a/"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/a", "spiffe://prod.example/a/b"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/a", "spiffe://prod.example"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/a", "spiffe://prod.example.evil/a"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/a", "https://prod.example/a"));
  EXPECT_FALSE(uri_matches("https://a.example:8443/x", "https://a.example/x"));
  EXPECT_FALSE(uri_matches("https://a.example/", "https://a.example"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/*", "spiffe://prod.example"));
  EXPECT_FALSE(uri_matches("spiffe://prod.example/*", "spiffe://prod.example/a/b"));
}

TEST(ClientPatterns, hostile_uris_match_nothing) {
  for (const std::string& san : {"spiffe://prod.example/"s,
                                 "spiffe://prod.example//"s,
                                 "spiffe://prod.example/."s,
                                 "spiffe://prod.example/.."s,
                                 "spiffe://prod.example/%61"s,
                                 "spiffe://prod.example/a%2Fb"s,
                                 "spiffe://prod.example/a?x"s,
                                 "spiffe://prod.example/a#x"s,
                                 "spiffe://prod.example/a\0"s,
                                 "spiffe://prod.example/\0"s,
                                 "spiffe://prod.example\0/a"s,
                                 "spiffe://u@prod.example/a"s,
                                 "spiffe://prod.example/a@b"s,
                                 "spiffe://prod.example/a,b"s,
                                 "spiffe://prod.example./a"s,
                                 "spiffe://prod.example/a "s,
                                 "spiffe://prod.example/\xc3\xa4"s,
                                 "spiffe://prod.example\\/a"s,
                                 "spiffe:///a"s,
                                 "spiffe:/prod.example/a"s,
                                 "spiffe:prod.example/a"s,
                                 "://prod.example/a"s,
                                 "prod.example/a"s,
                                 " spiffe://prod.example/a"s,
                                 ""s}) {
    EXPECT_FALSE(uri_matches("spiffe://prod.example/*", san)) << san;
    EXPECT_FALSE(uri_matches("spiffe://prod.example/a", san)) << san;
  }
  const std::string prefix = "spiffe://prod.example/";
  EXPECT_TRUE(uri_matches(prefix + "*", prefix + std::string(2048 - prefix.size(), 'a')));
  EXPECT_FALSE(uri_matches(prefix + "*", prefix + std::string(2049 - prefix.size(), 'a')));
}

TEST(ClientPatterns, a_name_of_one_kind_does_not_match_a_pattern_of_the_other) {
  const San uri[] = {{SanType::kUri, "pay.example"}};
  const San dns[] = {{SanType::kDns, "spiffe://prod.example/a"}};
  EXPECT_FALSE(patterns("DNS:pay.example").match(uri).has_value());
  EXPECT_FALSE(patterns("URI:spiffe://prod.example/a").match(dns).has_value());
}

TEST(ClientPatterns, the_first_entry_of_the_list_decides) {
  const ClientPatterns list = patterns("DNS:a.example@cards,DNS:*.example@emails,URI:spiffe://t/x");
  const San sans[] = {
      {SanType::kDns, "b.example"}, {SanType::kDns, "c.example"}, {SanType::kDns, "a.example"}};
  const auto match = list.match(sans);
  ASSERT_TRUE(match.has_value());
  EXPECT_EQ(match->pattern, 0U);
  EXPECT_EQ(match->san, 2U);
  EXPECT_TRUE(match->allows_context("cards"));
  EXPECT_FALSE(match->allows_context("emails"));
  const auto other = list.match(std::span(sans).first(2));
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->pattern, 1U);
  EXPECT_EQ(other->san, 0U);
}

TEST(ClientPatterns, labels_allow_their_contexts_and_no_other) {
  const ClientPatterns list = patterns("DNS:a.example@cards@eu:emails.v1_x-y,DNS:b.example");
  const San a[] = {{SanType::kDns, "a.example"}}, b[] = {{SanType::kDns, "b.example"}};
  const auto labelled = list.match(a);
  ASSERT_TRUE(labelled.has_value());
  EXPECT_TRUE(labelled->allows_context("cards"));
  EXPECT_TRUE(labelled->allows_context("eu:emails.v1_x-y"));
  for (const std::string_view other : {"", "Cards", "card", "cards2", "cards@eu"}) {
    EXPECT_FALSE(labelled->allows_context(other)) << other;
  }
  const auto open = list.match(b);
  ASSERT_TRUE(open.has_value());
  EXPECT_TRUE(open->allows_context(""));
  EXPECT_TRUE(open->allows_context("anything"));
}

TEST(ClientPatterns, refuses_what_is_not_in_the_grammar) {
  const std::string label = " has a label that is not 1 to 64 of A-Z a-z 0-9 . _ : -";
  const std::string kind = " does not begin with DNS: or URI:";
  const std::string star = " has a * that is not a whole label";
  const std::string uri = " is not scheme://authority/path without query, fragment or percent-encoding";
  const std::pair<std::string, std::string> kCases[] = {
      {"Nobody", "entry 1" + kind},
      {"anonymous@cards", "entry 1" + kind},
      {"nobody,DNS:a", "entry 1" + kind},
      {"a.example", "entry 1" + kind},
      {"dns:a.example", "entry 1" + kind},
      {"IP:10.0.0.1", "entry 1" + kind},
      {"DNS:a,", "entry 2" + kind},
      {"DNS:a,,DNS:b", "entry 2" + kind},
      {"DNS:a, DNS:b", "entry 2" + kind},
      {"DNS:", "entry 1 is not a DNS name"},
      {"DNS:a.", "entry 1 is not a DNS name"},
      {"DNS:a..b", "entry 1 is not a DNS name"},
      {"DNS:a ", "entry 1 is not a DNS name"},
      {"DNS:10.0.0.1", "entry 1 is not a DNS name"},
      {"DNS:a*.example", "entry 1" + star},
      {"DNS:**.example", "entry 1" + star},
      {"DNS:a@", "entry 1" + label},
      {"DNS:a@@b", "entry 1" + label},
      {"DNS:a@b c", "entry 1" + label},
      {"DNS:a@b/c", "entry 1" + label},
      {"DNS:a@" + std::string(65, 'x'), "entry 1" + label},
      {"URI:", "entry 1" + uri},
      {"URI:a", "entry 1" + uri},
      {"URI:://a", "entry 1" + uri},
      {"URI:1a://b", "entry 1" + uri},
      {"URI:spiffe:///a", "entry 1" + uri},
      {"URI:spiffe://*/a", "entry 1" + uri},
      {"URI:spiffe://t/a%2Fb", "entry 1" + uri},
      {"URI:spiffe://t/a?b", "entry 1" + uri},
      {"URI:spiffe://t/a b", "entry 1" + uri},
      {"URI:spiffe://t/a*", "entry 1 has a * that is not a whole path segment"},
      {"DNS:a@x,DNS:A@y", "entry 2 repeats an earlier one; give all labels in one place"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(refusal(text), expected) << text;
  EXPECT_EQ(refusal("DNS:a@" + std::string(64, 'x')), "accepted");
}

TEST(ClientPatterns, are_bounded) {
  std::string list = "DNS:c0", labels = "DNS:a";
  for (int i = 1; i < 1000; ++i) list += ",DNS:c" + std::to_string(i);
  EXPECT_EQ(refusal(list), "accepted");
  EXPECT_EQ(refusal(list + ",DNS:c1000"), "has more than 1000 entries");
  for (int i = 0; i < 64; ++i) labels += "@l" + std::to_string(i);
  EXPECT_EQ(refusal(labels), "accepted");
  EXPECT_EQ(refusal(labels + "@l64"), "entry 1 has more than 64 labels");
}

}  // namespace
}  // namespace nes::config
