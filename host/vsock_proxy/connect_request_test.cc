#include "host/vsock_proxy/connect_request.h"

#include <gtest/gtest.h>

namespace nes::vsock_proxy {
namespace {

TEST(ConnectRequest, takes_names_and_addresses_with_their_port) {
  for (const auto& [authority, host] :
       std::initializer_list<std::pair<std::string, std::string>>{{"kms.example:443", "kms.example"},
                                                                  {"10.0.0.1:80", "10.0.0.1"},
                                                                  {"[2001:db8::1]:443", "[2001:db8::1]"}}) {
    const auto request = parse_connect("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority +
                                       "\r\nUser-Agent: x\r\n\r\n");
    ASSERT_TRUE(request.ok()) << authority;
    EXPECT_EQ(request->host, host);
  }
  EXPECT_EQ(parse_connect("CONNECT a.example:65535 HTTP/1.1\r\nhost: A.example\r\n\r\n")->port, 65535);
}

TEST(ConnectRequest, refuses_everything_else) {
  const std::string host = "Host: a.example:443\r\n";
  for (const std::string& head : std::initializer_list<std::string>{
           "CONNECT a.example:443 HTTP/1.0\r\n" + host + "\r\n",
           "CONNECT a.example:443  HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT  a.example:443 HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\n\r\n",
           "CONNECT a.example HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT a.example: HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT a.example:0 HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT a.example:0443 HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT a.example:65536 HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT a.example:+443 HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT user@a.example:443 HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT https://a.example:443 HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT 2001:db8::1:443 HTTP/1.1\r\nHost: x\r\n\r\n",
           "CONNECT 127.1:443 HTTP/1.1\r\nHost: 127.1\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\n" + host + host + "\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\n" + host + "X : y\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\n" + host + " folded\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\n" + host + "\r\n",
           std::string("CONNECT a.exam\0ple:443 HTTP/1.1\r\n", 34) + host + "\r\n"})
    EXPECT_EQ(parse_connect(head).error().code, ErrorCode::kMalformedRequest) << head;
}

TEST(ConnectRequest, tells_another_method_apart) {
  for (const std::string_view method : {"GET", "POST", "connect"})
    EXPECT_EQ(parse_connect(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n").error().code,
              ErrorCode::kMethodNotAllowed);
}

TEST(ConnectRequest, ends_with_the_empty_line) {
  EXPECT_EQ(head_size("CONNECT a:1 HTTP/1.1\r\n\r"), 0U);
  EXPECT_EQ(head_size("CONNECT a:1 HTTP/1.1\r\n\r\nmore"), 24U);
}

}  // namespace
}  // namespace nes::vsock_proxy
