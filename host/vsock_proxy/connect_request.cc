#include "host/vsock_proxy/connect_request.h"

#include <algorithm>
#include <charconv>

#include "host/vsock_proxy/allow_list.h"
#include "http/char_class.h"
#include "http/request_head.h"

namespace nes::vsock_proxy {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr Error kMalformed{ErrorCode::kMalformedRequest, "not HTTP CONNECT"};

Result<ConnectRequest> parse_authority(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return kMalformed;
  ConnectRequest out{.host = std::string(text.substr(0, colon))};
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  IpAddress address;
  const bool is_host = is_host_name(out.host) ||
                       (parse_ip(out.host, address) && (address.is_ipv4() || out.host.starts_with('[')));
  if (!is_host || error != std::errc() || end != port.data() + port.size() || out.port == 0 || port[0] == '0')
    return kMalformed;
  return out;
}

}  // namespace

std::size_t head_size(std::string_view input) noexcept {
  const std::size_t end = input.find(kEnd);
  return end == std::string_view::npos ? 0 : end + kEnd.size();
}

Result<ConnectRequest> parse_connect(std::string_view head) {
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos) return kMalformed;
  const std::string_view line = head.substr(0, line_end);
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !http::is_all(line.substr(0, space), http::kTokenChar))
    return kMalformed;
  if (line.substr(0, space) != "CONNECT")
    return Error{ErrorCode::kMethodNotAllowed, "only CONNECT is served here"};
  const std::string_view rest = line.substr(space + 1);
  const std::size_t second = rest.find(' ');
  if (second == std::string_view::npos || rest.substr(second + 1) != "HTTP/1.1") return kMalformed;
  const std::string_view authority = rest.substr(0, second);
  NES_TRY_ASSIGN(ConnectRequest request, parse_authority(authority));

  bool has_host = false;
  for (std::string_view fields = head.substr(line_end + 2); fields != "\r\n";) {
    const std::size_t end = fields.find("\r\n");
    if (end == std::string_view::npos || end == 0) return kMalformed;
    const std::string_view field = fields.substr(0, end);
    fields.remove_prefix(end + 2);
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0) return kMalformed;
    const std::string_view name = field.substr(0, colon);
    const std::string_view value = http::trim(field.substr(colon + 1));
    if (!http::is_all(name, http::kTokenChar) || !http::is_all(value, http::kValueChar)) return kMalformed;
    if (http::equals_ignore_case(name, "content-length") ||
        http::equals_ignore_case(name, "transfer-encoding"))
      return kMalformed;
    if (!http::equals_ignore_case(name, "host")) continue;
    // A Host that names another place than the target would mislead whoever logs or filters by it.
    if (has_host ||
        !(http::equals_ignore_case(value, authority) || http::equals_ignore_case(value, request.host)))
      return kMalformed;
    has_host = true;
  }
  if (!has_host) return kMalformed;
  return request;
}

}  // namespace nes::vsock_proxy
