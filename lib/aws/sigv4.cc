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

}  // namespace

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

Result<Headers> sign(const SignableRequest& request, const Credentials& credentials,
                     const SigningScope& scope) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    return Error{ErrorCode::kMalformed, "credentials without a key"};
  const std::string date = format_amz_date(scope.unix_ms);
  const std::string_view day = std::string_view(date).substr(0, 8);
  NES_TRY_ASSIGN(const std::string payload_hash, hash(request.payload));

  Headers added{{"x-amz-date", date}};
  if (!credentials.session_token.empty())
    added.emplace_back("x-amz-security-token", credentials.session_token);
  if (scope.style == SigningStyle::kS3) added.emplace_back("x-amz-content-sha256", payload_hash);
  Headers all(request.headers);
  all.insert(all.end(), added.begin(), added.end());

  NES_TRY_ASSIGN(const std::string canonical_hash,
                 hash(as_bytes(canonical_request(request, all, scope.style, payload_hash))));
  std::string credential_scope(day);
  for (const std::string_view part : {scope.region, scope.service, std::string_view("aws4_request")}) {
    credential_scope += '/';
    credential_scope += part;
  }
  const std::string to_sign =
      std::string(kAlgorithm) + "\n" + date + "\n" + credential_scope + "\n" + canonical_hash;

  secret::SecretBytes key = secret::SecretBytes::copy_of(as_bytes("AWS4"));
  key.append(credentials.secret_access_key.reveal());
  for (const std::string_view part :
       {day, scope.region, scope.service, std::string_view("aws4_request"), std::string_view(to_sign)})
    NES_TRY(derive(key, part));
  // What is derived last is the signature, which is public.
  added.emplace_back("authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id +
                                          "/" + credential_scope + ", SignedHeaders=" + signed_names(all) +
                                          ", Signature=" + base::hex_encode(key.reveal()));
  return added;
}

}  // namespace nes::aws
