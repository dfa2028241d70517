// For tests alone: a folder that goes away, a clock that stands still, and requests with a signature.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "aws/json_fields.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "devkit/aws_emulator/principals.h"
#include "devkit/aws_emulator/request.h"

namespace nes::aws_emulator {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "aws-emulator-test-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}
inline std::string content_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class StandingClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return now_ms; }
  std::int64_t unix_ms() const noexcept override { return now_ms; }
  std::int64_t now_ms = 1'767'323'045'000;  // 2026-01-02T03:04:05Z
};

inline const Principals::Options kPrincipalOptions{
    .account = "111122223333",
    .role_name = "node",
    .session_lifetime_ms = 3'600'000,
    .admin_access_key_id = "AKIATEST",
    .admin_secret_access_key = "not/a+secret",
};

struct SigningChoice {
  std::string service = "kms";
  std::string region = "us-east-1";
  aws::SigningStyle style = aws::SigningStyle::kCommon;
};

// `request` has a host header. Adds what sign() adds.
inline void sign_request(Request& request, const aws::Credentials& credentials, std::int64_t unix_ms,
                         const SigningChoice& choice) {
  const auto added = aws::sign(
      {request.method, request.path, request.query, request.headers, as_bytes(request.body)}, credentials,
      {.region = choice.region, .service = choice.service, .style = choice.style, .unix_ms = unix_ms});
  ASSERT_TRUE(added.ok());
  request.headers.insert(request.headers.end(), added->begin(), added->end());
}

inline void set_header(Request& request, std::string_view name, std::string_view value) {
  for (auto& header : request.headers)
    if (header.first == name) header.second = value;
}

inline aws::JsonFields fields_of(const Answer& answer) {
  auto fields = aws::JsonFields::parse(answer.body);
  return fields.ok() ? std::move(*fields) : aws::JsonFields();
}
inline std::string text_of(const Answer& answer, std::string_view name) {
  const aws::JsonFields fields = fields_of(answer);
  const auto text = fields.optional_string(name);
  return text.ok() && *text ? std::string(**text) : std::string();
}
inline std::string type_of(const Answer& answer) { return text_of(answer, "__type"); }

}  // namespace nes::aws_emulator
