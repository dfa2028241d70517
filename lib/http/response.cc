#include "http/response.h"

#include <charconv>

#include "base/check.h"
#include "base/json_text.h"
#include "http/char_class.h"

namespace nes::http {
namespace {

// What an error looks like from outside. Titles are for people, `code` is for programs.
struct PublicError {
  int status;
  int retry_after_s;
  std::string_view title;
};

constexpr PublicError kInternalError = {500, 0, "The service failed; nothing was transformed"};

PublicError public_error(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kSchemaHeaderMissing: return {400, 0, "The header that names the schema is missing"};
    case ErrorCode::kSchemaRootRequired: return {400, 0, "The schema's roots disagree; name one of them"};
    case ErrorCode::kMalformedJson: return {400, 0, "The body is not valid JSON"};
    case ErrorCode::kMalformedRequest: return {400, 0, "The request is not well-formed"};
    case ErrorCode::kNotAllowed: return {403, 0, "This client may not do this"};
    case ErrorCode::kSchemaUnknown: return {404, 0, "There is no such schema or root"};
    case ErrorCode::kNotFound: return {404, 0, "There is nothing at this path"};
    case ErrorCode::kMethodNotAllowed: return {405, 0, "This path does not take this method"};
    case ErrorCode::kTimeout: return {408, 0, "The request did not arrive in time"};
    case ErrorCode::kBodyTooLarge: return {413, 0, "The body is larger than the limit"};
    case ErrorCode::kUnsupportedMediaType: return {415, 0, "This path does not take this media type"};
    case ErrorCode::kTokenRejected: return {422, 0, "A planned value is not a token that opens here"};
    case ErrorCode::kUndeclaredKey: return {422, 0, "The schema does not declare a key of the document"};
    case ErrorCode::kRateLimited: return {429, 1, "Too many requests of this kind; try again"};
    case ErrorCode::kHeadersTooLarge: return {431, 0, "The header fields are larger than the limit"};
    case ErrorCode::kHttpVersion: return {505, 0, "Not available in this version of HTTP"};
    case ErrorCode::kOverloaded: return {503, 1, "The service has too much to do; try again"};
    case ErrorCode::kNotReady: return {503, 5, "The service is not ready; try again"};
    case ErrorCode::kKeyNotLoaded: return {503, 5, "The key of a token is not loaded; try again"};
    case ErrorCode::kInternal:
    case ErrorCode::kConfig:
    case ErrorCode::kSchemaRefused:
    case ErrorCode::kIo:
    case ErrorCode::kCrypto:
    case ErrorCode::kLimit:
    case ErrorCode::kTruncated:
    case ErrorCode::kMalformed: return kInternalError;
  }
  NES_CHECK(false && "an ErrorCode outside its enumeration");
}

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  const std::to_chars_result written = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, written.ptr);
}

}  // namespace

// RFC 9110 section 15; 429 and 431 are RFC 6585's.
std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

ResponseHead::ResponseHead(std::string& out, int status) : FieldLines(out) {
  NES_CHECK(status >= 100 && status <= 599);
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\n");
}

FieldLines& FieldLines::field(std::string_view name, std::string_view value) {
  NES_CHECK(!name.empty() && is_all(name, kTokenChar));
  NES_CHECK(is_all(value, kValueChar));
  out_.append(name).append(": ").append(value).append("\r\n");
  return *this;
}

FieldLines& FieldLines::field(std::string_view name, std::uint64_t value) {
  NES_CHECK(!name.empty() && is_all(name, kTokenChar));
  out_.append(name).append(": ");
  append_number(out_, value);
  out_.append("\r\n");
  return *this;
}

void FieldLines::finish() { out_.append("\r\n"); }

int status_of(ErrorCode code) noexcept { return public_error(code).status; }

std::string_view public_code(ErrorCode code) noexcept {
  const bool stays_inside = public_error(code).status == kInternalError.status;
  return base::error_code_name(stays_inside ? ErrorCode::kInternal : code);
}

int retry_after_s(ErrorCode code) noexcept { return public_error(code).retry_after_s; }

void append_problem(std::string& out, ErrorCode code, std::string_view path) {
  const PublicError error = public_error(code);
  out.append(R"({"type":"about:blank","title":")").append(error.title);
  out.append(R"(","status":)");
  append_number(out, static_cast<std::uint64_t>(error.status));
  out.append(R"(,"code":")").append(public_code(code)).append("\"");
  if (!path.empty()) {
    out.append(R"(,"path":)");
    base::append_quoted(out, path);
  }
  out.append("}");
}

}  // namespace nes::http
