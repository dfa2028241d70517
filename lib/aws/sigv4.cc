#include "aws/sigv4.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "aws/time_text.h"
#include "crypto/hmac.h"
#include "crypto/sha256.h"

namespace nes::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::size_t kDayChars = 8;
constexpr std::size_t kSignatureChars = 64;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

// White space at the ends removed, and each run of it inside made one space.
std::string collapse(std::string_view value) {
  std::string out;
  bool pending = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      pending = !out.empty();
      continue;
    }
    if (pending) out += ' ';
    pending = false;
    out += c;
  }
  return out;
}

// Lower-case names in order; the values of a repeated name joined in the order in which they are sent.
std::map<std::string, std::string> canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    const auto [at, is_new] = out.emplace(lower(name), collapse(value));
    if (!is_new) at->second += "," + collapse(value);
  }
  return out;
}

std::string signed_names(const Headers& headers) {
  std::string out;
  for (const auto& [name, value] : canonical_headers(headers)) out += (out.empty() ? "" : ";") + name;
  return out;
}

// Dot segments (RFC 3986 section 5.2.4) and empty ones are removed; a slash at the end stays.
std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool ends_in_slash = path.ends_with('/');
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : segments) {
    out += '/';
    out += segment;
  }
  return out.empty() || ends_in_slash ? out + '/' : out;
}

std::string credential_scope(const SigningScope& scope) {
  std::string out = format_amz_date(scope.unix_ms).substr(0, kDayChars);
  for (const std::string_view part : {scope.region, scope.service, kTerminator}) {
    out += '/';
    out += part;
  }
  return out;
}

Result<std::string> hash(ByteView bytes) {
  NES_TRY_ASSIGN(const crypto::Sha256Digest digest, crypto::sha256({bytes}));
  return base::hex_encode(digest);
}

// HMAC of `message` under `key`, which it replaces.
Result<void> derive(secret::SecretBytes& key, std::string_view message) {
  NES_TRY_ASSIGN(auto mac, crypto::HmacSha256::create(key));
  std::array<std::uint8_t, crypto::HmacSha256::kSize> out{};
  const Result<void> computed = mac.compute({as_bytes(message)}, out);
  key = secret::SecretBytes::copy_of(out);
  secret::wipe(out);
  return computed;
}

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

// What is before the first `separator`, which is removed with it; all of `text` if there is none.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::string_view taken = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return taken;
}

bool is_all_of(std::string_view text, std::string_view characters) noexcept {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// ID/20260102/REGION/SERVICE/aws4_request
Result<void> parse_credential(std::string_view text, Authorization& out) {
  out.access_key_id = take_until(text, '/');
  out.day = take_until(text, '/');
  out.region = take_until(text, '/');
  out.service = take_until(text, '/');
  if (out.access_key_id.empty() || out.region.empty() || out.service.empty() || text != kTerminator ||
      out.day.size() != kDayChars || !is_all_of(out.day, "0123456789"))
    return malformed("the credential of a signature has another form");
  return {};
}

Result<void> parse_signed_headers(std::string_view text, Authorization& out) {
  while (!text.empty()) {
    const bool is_last = text.find(';') == std::string_view::npos;
    const std::string_view name = take_until(text, ';');
    const bool is_ordered = out.signed_headers.empty() || out.signed_headers.back() < name;
    if (name.empty() || lower(name) != name || !is_ordered || (text.empty() && !is_last))
      return malformed("the signed headers of a signature are not in their form");
    out.signed_headers.emplace_back(name);
  }
  return {};
}

}  // namespace

Result<Authorization> parse_authorization(std::string_view value) {
  if (take_until(value, ' ') != kAlgorithm) return malformed("a signature of another algorithm");
  if (value.ends_with(',')) return malformed("an Authorization header ends early");
  Authorization out;
  while (!value.empty()) {
    std::string_view item = take_until(value, ',');
    while (item.starts_with(' ')) item.remove_prefix(1);
    const std::string_view name = take_until(item, '=');
    if (name == "Credential" && out.day.empty()) {
      NES_TRY(parse_credential(item, out));
    } else if (name == "SignedHeaders" && out.signed_headers.empty()) {
      NES_TRY(parse_signed_headers(item, out));
    } else if (name == "Signature" && out.signature.empty()) {
      out.signature = item;
      if (out.signature.size() != kSignatureChars || !is_all_of(item, "0123456789abcdef"))
        return malformed("a signature is not 64 hex digits");
    } else {
      return malformed("an Authorization header with an unknown or repeated part");
    }
  }
  if (out.day.empty() || out.signed_headers.empty() || out.signature.empty())
    return malformed("an Authorization header lacks a part");
  return out;
}

std::string canonical_request(const SignableRequest& request, const Headers& headers, SigningStyle style,
                              std::string_view payload_hash) {
  std::string out(request.method);
  out += '\n';
  out += style == SigningStyle::kS3 ? std::string(request.path)
                                    : percent_encode_path(normalize_path(request.path));
  out += '\n';
  out += canonical_query(request.query);
  out += '\n';
  for (const auto& [name, value] : canonical_headers(headers)) {
    out += name;
    out += ':';
    out += value;
    out += '\n';
  }
  out += '\n';
  out += signed_names(headers);
  out += '\n';
  out += payload_hash;
  return out;
}

Result<std::string> signature_of(std::string_view canonical_request,
                                 const secret::SecretBytes& secret_access_key, const SigningScope& scope) {
  NES_TRY_ASSIGN(const std::string canonical_hash, hash(as_bytes(canonical_request)));
  const std::string date = format_amz_date(scope.unix_ms);
  const std::string to_sign =
      std::string(kAlgorithm) + "\n" + date + "\n" + credential_scope(scope) + "\n" + canonical_hash;
  secret::SecretBytes key = secret::SecretBytes::copy_of(as_bytes("AWS4"));
  key.append(secret_access_key.reveal());
  for (const std::string_view part : {std::string_view(date).substr(0, kDayChars), scope.region,
                                      scope.service, kTerminator, std::string_view(to_sign)})
    NES_TRY(derive(key, part));
  // What is derived last is the signature, which is public.
  return base::hex_encode(key.reveal());
}

Result<Headers> sign(const SignableRequest& request, const Credentials& credentials,
                     const SigningScope& scope) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    return Error{ErrorCode::kMalformed, "credentials without a key"};
  const std::string date = format_amz_date(scope.unix_ms);
  NES_TRY_ASSIGN(const std::string payload_hash, hash(request.payload));

  Headers added{{"x-amz-date", date}};
  if (!credentials.session_token.empty())
    added.emplace_back("x-amz-security-token", credentials.session_token);
  if (scope.style == SigningStyle::kS3) added.emplace_back("x-amz-content-sha256", payload_hash);
  Headers all(request.headers);
  all.insert(all.end(), added.begin(), added.end());

  NES_TRY_ASSIGN(const std::string signature,
                 signature_of(canonical_request(request, all, scope.style, payload_hash),
                              credentials.secret_access_key, scope));
  added.emplace_back("authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id +
                                          "/" + credential_scope(scope) + ", SignedHeaders=" +
                                          signed_names(all) + ", Signature=" + signature);
  return added;
}

}  // namespace nes::aws
