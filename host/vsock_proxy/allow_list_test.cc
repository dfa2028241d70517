#include "host/vsock_proxy/allow_list.h"

#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

AllowList list_of(const std::string& items) {
  auto list = AllowList::parse("allowlist:\n" + items);
  EXPECT_TRUE(list.ok()) << items;
  return list.ok() ? std::move(list).value() : AllowList();
}

IpAddress ip(std::string_view text) {
  IpAddress address;
  EXPECT_TRUE(parse_ip(text, address)) << text;
  return address;
}

TEST(AllowList, allows_the_names_and_ports_that_it_lists_and_no_others) {
  const AllowList list = list_of(
      "- {address: kms.eu-central-1.amazonaws.com, port: 443}\n- address: "
      "Secretsmanager.eu-central-1.amazonaws.com\n"
      "  port: 443\n");
  EXPECT_EQ(list.size(), 2U);
  EXPECT_TRUE(list.may_ask("kms.eu-central-1.amazonaws.com", 443));
  EXPECT_TRUE(list.may_ask("KMS.eu-central-1.amazonaws.COM.", 443)) << "case and the last dot do not matter";
  EXPECT_TRUE(list.may_ask("secretsmanager.eu-central-1.amazonaws.com", 443));
  for (const std::string_view other :
       {"kms.eu-central-1.amazonaws.com.evil.example", "xkms.eu-central-1.amazonaws.com", "amazonaws.com",
        "eu-central-1.amazonaws.com", "a.kms.eu-central-1.amazonaws.com", "", ".",
        "kms.eu-central-1.amazonaws.com.."})
    EXPECT_FALSE(list.may_ask(other, 443)) << other;
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{80, 442, 444, 65535})
    EXPECT_FALSE(list.may_ask("kms.eu-central-1.amazonaws.com", port)) << port;
}

TEST(AllowList, a_suffix_allows_names_below_it_and_not_itself) {
  const AllowList list = list_of("- {address: \"*.s3.eu-central-1.amazonaws.com\", port: 443}\n");
  EXPECT_TRUE(list.may_ask("bucket.s3.eu-central-1.amazonaws.com", 443));
  EXPECT_TRUE(list.may_ask("a.b.s3.eu-central-1.amazonaws.com", 443));
  EXPECT_FALSE(list.may_ask("s3.eu-central-1.amazonaws.com", 443));
  EXPECT_FALSE(list.may_ask("buckets3.eu-central-1.amazonaws.com", 443));
  EXPECT_FALSE(list.may_ask("bucket.s3.eu-central-1.amazonaws.com.evil.example", 443));
  EXPECT_FALSE(list.may_ask("*.s3.eu-central-1.amazonaws.com", 443));
}

TEST(AllowList, an_address_is_asked_for_only_if_it_is_written_there) {
  const AllowList list = list_of(
      "- {address: 169.254.169.254, port: 80}\n- {address: \"2001:db8::7\", port: 443}\n- {address: "
      "10.20.0.0/16, "
      "port: 443}\n");
  EXPECT_TRUE(list.may_ask("169.254.169.254", 80));
  EXPECT_TRUE(list.may_ask("[2001:db8::7]", 443));
  EXPECT_TRUE(list.may_ask("[2001:0db8:0:0::7]", 443)) << "another spelling of the same address";
  EXPECT_TRUE(list.may_ask("[::ffff:169.254.169.254]", 80)) << "the same address, mapped";
  for (const std::string_view other :
       {"169.254.169.253", "169.254.169.2540", "2852039166", "0xa9fea9fe", "169.16689662", "169.254.169.254.",
        "10.20.0.1", "10.20.0.0", "localhost"})
    EXPECT_FALSE(list.may_ask(other, 80)) << other;
  EXPECT_FALSE(list.may_ask("10.20.0.1", 443)) << "a network is where names may lead";
}

TEST(AllowList, a_name_leads_to_public_addresses_and_to_listed_ones) {
  const AllowList list = list_of(
      "- {address: kms.example, port: 443}\n- {address: 10.20.0.0/15, port: 443}\n- {address: 127.0.0.1, "
      "port: 8443}\n");
  for (const std::string_view address : {"52.95.1.1", "[2600:1f18::1]", "10.20.0.1", "10.21.255.255"})
    EXPECT_TRUE(list.may_reach(ip(address), 443)) << address;
  for (const std::string_view address : {"10.19.255.255", "10.22.0.0", "127.0.0.1", "[::1]"})
    EXPECT_FALSE(list.may_reach(ip(address), 443)) << address;
  EXPECT_FALSE(list.may_reach(ip("10.20.0.1"), 80));
  EXPECT_TRUE(list.may_reach(ip("127.0.0.1"), 8443));
  EXPECT_TRUE(list.may_reach(ip("[::ffff:10.20.0.1]"), 443));
}

TEST(AllowList, knows_what_is_no_public_address) {
  for (const std::string_view text :
       {"0.0.0.0",         "0.255.255.255",  "10.0.0.0",        "10.255.255.255",    "100.64.0.0",
        "100.127.255.255", "127.0.0.1",      "127.255.255.255", "169.254.0.1",       "169.254.169.254",
        "172.16.0.0",      "172.31.255.255", "192.168.0.1",     "192.168.255.255",   "192.0.0.1",
        "192.0.2.1",       "198.18.0.1",     "198.19.255.255",  "224.0.0.1",         "239.1.1.1",
        "255.255.255.255", "[::]",           "[::1]",           "[fe80::1]",         "[fc00::1]",
        "[fd12::1]",       "[ff02::1]",      "[2001:db8::1]",   "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]",
        "[2002:a00:1::]",  "[fec0::1]"})
    EXPECT_FALSE(ip(text).is_public()) << text;
  for (const std::string_view text :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "[2600::1]", "[2a05:d018::1]",
        "[::ffff:1.1.1.1]"})
    EXPECT_TRUE(ip(text).is_public()) << text;
}

TEST(AllowList, prints_an_address_as_endpoints_have_it) {
  EXPECT_EQ(ip("1.2.3.4").text(), "1.2.3.4");
  EXPECT_EQ(ip("[2001:DB8::1]").text(), "[2001:db8::1]");
}

TEST(AllowList, refuses_whatever_is_not_its_format) {
  for (const std::string& yaml :
       std::initializer_list<std::string>{"",
                                          "allowlist\n",
                                          "allow_list:\n- {address: a.example, port: 443}\n",
                                          "allowlist: {address: a.example, port: 443}\n",
                                          "allowlist:\n- a.example\n",
                                          "allowlist:\n- {address: a.example}\n",
                                          "allowlist:\n- {port: 443}\n",
                                          "allowlist:\n- {address: a.example, port: 443, port: 443}\n",
                                          "allowlist:\n- {address: a.example, port: 443, protocol: tcp}\n",
                                          "allowlist:\n- {address: a.example, port: 0}\n",
                                          "allowlist:\n- {address: a.example, port: 65536}\n",
                                          "allowlist:\n- {address: a.example, port: 44x}\n",
                                          "allowlist:\n- {address: a.example, port: [443]}\n",
                                          "allowlist:\n- {address: \"*\", port: 443}\n",
                                          "allowlist:\n- {address: \"*.*.example\", port: 443}\n",
                                          "allowlist:\n- {address: \"a.*.example\", port: 443}\n",
                                          "allowlist:\n- {address: a..example, port: 443}\n",
                                          "allowlist:\n- {address: 10.0.0.0/33, port: 443}\n",
                                          "allowlist:\n- {address: 10.0.0/8, port: 443}\n",
                                          "allowlist:\n- {address: 10.0.0.0/, port: 443}\n",
                                          "allowlist:\n- {address: \"http://a.example\", port: 443}\n",
                                          "allowlist:\n- &x {address: a.example, port: 443}\n- *x\n",
                                          "allowlist:\n- {address: !!str a.example, port: 443}\n",
                                          "allowlist: []\nmore: []\n",
                                          "allowlist: []\n---\nallowlist: []\n",
                                          "allowlist: [\n"})
    EXPECT_FALSE(AllowList::parse(yaml).ok()) << yaml;
  EXPECT_TRUE(AllowList::parse("# nothing is allowed\nallowlist: []\n").ok());
}

TEST(AllowList, names_the_line_of_a_mistake) {
  const auto list =
      AllowList::parse("allowlist:\n- {address: a.example, port: 443}\n- {address: b.example, port: no}\n");
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(list.error().position, 3U);
}

TEST(AllowList, is_bounded) {
  EXPECT_EQ(AllowList::parse("allowlist:\n" + std::string(limits::kAllowListBytes, '#')).error().code,
            ErrorCode::kLimit);
  std::string many = "allowlist:\n";
  for (std::size_t i = 0; i < limits::kAllowListEntries; ++i) many += "- {address: a.example, port: 443}\n";
  EXPECT_TRUE(AllowList::parse(many).ok());
  EXPECT_EQ(AllowList::parse(many + "- {address: a.example, port: 443}\n").error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::vsock_proxy
