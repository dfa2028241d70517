#include "tools/nitro_enc/url.h"

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

TEST(Url, has_a_scheme_a_host_a_port_and_a_target) {
  const auto url = parse_url("https://kms.eu-west-1.amazonaws.com:8443/a?b=c").value();
  EXPECT_TRUE(url.address.tls);
  EXPECT_EQ(url.address.host, "kms.eu-west-1.amazonaws.com");
  EXPECT_EQ(url.address.port, 8443);
  EXPECT_EQ(url.target, "/a?b=c");
}

TEST(Url, has_the_ports_and_the_target_that_go_without_saying) {
  EXPECT_EQ(parse_url("https://h")->address.port, 443);
  EXPECT_EQ(parse_url("http://h")->address.port, 80);
  EXPECT_FALSE(parse_url("http://h")->address.tls);
  EXPECT_EQ(parse_url("https://h")->target, "/");
  EXPECT_EQ(parse_url("https://h?q")->target, "/?q");
}

TEST(Url, has_addresses_for_hosts) {
  EXPECT_EQ(parse_url("https://127.0.0.1:1")->address.host, "127.0.0.1");
  EXPECT_EQ(parse_url("https://[::1]:8443")->address.host, "::1");
  EXPECT_EQ(parse_url("https://[::1]")->address.port, 443);
  EXPECT_EQ(parse_url("https://[::1]")->address.authority(), "[::1]");
  EXPECT_EQ(parse_url("https://[::1]:8443")->address.authority(), "[::1]:8443");
}

TEST(Url, is_refused_if_it_is_anything_else) {
  for (const std::string_view text : {"",
                                      "h",
                                      "ftp://h",
                                      "HTTPS://h",
                                      "https://",
                                      "https:///x",
                                      "https://h:",
                                      "https://h:0",
                                      "https://h:65536",
                                      "https://h:1x",
                                      "https://h:-1",
                                      "https://user@h",
                                      "https://h#f",
                                      "https://h/a b",
                                      "https://h h",
                                      "https://[h]",
                                      "https://[::1",
                                      "https://[::1]x",
                                      "https://::1",
                                      "https://h/\n"})
    EXPECT_FALSE(parse_url(text).has_value()) << text;
}

TEST(Url, knows_this_machine) {
  for (const std::string_view host : {"localhost", "127.0.0.1", "::1"}) EXPECT_TRUE(is_loopback(host));
  for (const std::string_view host : {"", "127.0.0.2", "localhost.example", "10.0.0.1"})
    EXPECT_FALSE(is_loopback(host));
}

}  // namespace
}  // namespace nes::nitro_enc
