// For tests alone, not shipped: this library on the command line, so that Python can hold it against SDKs and
// emulators that others wrote.
//   sign                          requests from stdin, one a line; their Authorization headers to stdout
//   call PORT COMMAND [ARGUMENT…] one call of a service at 127.0.0.1:PORT, plain HTTP; its answer to stdout,
//                                 or `error NAME` and status 1

#include <cstdio>
#include <iostream>
#include <sstream>

#include "aws/fake_server_for_test.h"
#include "aws/kms.h"
#include "aws/s3.h"
#include "aws/secrets_manager.h"

namespace nes::aws {
namespace {

using Arguments = std::vector<std::string>;

std::string from_hex(const std::string& text) {
  return std::string(as_text(base::hex_decode(text == "-" ? "" : text).value()));
}

// `name:value,name:value` in hex; `-` for none.
std::vector<std::pair<std::string, std::string>> pairs_of(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> out;
  std::istringstream items(text == "-" ? "" : text);
  for (std::string item; std::getline(items, item, ',');) {
    const std::size_t colon = item.find(':');
    out.emplace_back(from_hex(item.substr(0, colon)), from_hex(item.substr(colon + 1)));
  }
  return out;
}

// common|s3 unix_ms, then in hex: region service id key token method path query headers body.
int sign_lines() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string style, unix_ms, region, service, id, key, token, method, path, query, headers, body;
    words >> style >> unix_ms >> region >> service >> id >> key >> token >> method >> path >> query >>
        headers >> body;
    const std::string wire_path = from_hex(path);
    const std::string verb = from_hex(method);
    const std::string payload = from_hex(body);
    const std::string region_text = from_hex(region);
    const std::string service_text = from_hex(service);
    const Query query_pairs = pairs_of(query);
    const Headers header_pairs = pairs_of(headers);
    const auto added = sign(
        {verb, wire_path, query_pairs, header_pairs, as_bytes(payload)},
        {from_hex(id), secret::SecretBytes::copy_of(as_bytes(from_hex(key))), from_hex(token), INT64_MAX},
        {.region = region_text,
         .service = service_text,
         .style = style == "s3" ? SigningStyle::kS3 : SigningStyle::kCommon,
         .unix_ms = std::stoll(unix_ms)});
    std::printf("%s\n", added.ok() ? added->back().second.c_str() : "error");
  }
  return 0;
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

Result<std::string> call_kms(Client& client, const Arguments& arguments) {
  Kms kms(client, arguments[1]);
  if (arguments[0] == "kms-generate") {
    NES_TRY_ASSIGN(const Bytes blob, kms.generate_data_key_without_plaintext({{"k", arguments[2]}}));
    return base::base64_encode(blob);
  }
  const Bytes blob = base::base64_decode(arguments[2]).value();
  if (arguments[0] == "kms-decrypt-for-recipient") {
    NES_TRY_ASSIGN(const Bytes sealed, kms.decrypt_for_recipient(blob, {{"k", arguments[3]}}, Bytes{1}));
    return base::base64_encode(sealed);
  }
  NES_TRY_ASSIGN(const JsonFields fields,
                 client.call_json(Service::kKms, "TrentService.Decrypt",
                                  "{\"CiphertextBlob\":\"" + arguments[2] +
                                      "\",\"EncryptionContext\":{\"k\":\"" + arguments[3] + "\"}}"));
  NES_TRY_ASSIGN(const std::string_view plaintext, fields.string("Plaintext"));
  return std::string(plaintext);
}

Result<std::string> call_secrets(Client& client, const Arguments& arguments) {
  SecretsManager secrets(client);
  const std::string& command = arguments[0];
  const std::string& id = arguments[1];
  if (command == "secret-get" || command == "secret-get-id") {
    const auto by = command == "secret-get" ? VersionSelector::By::kStage : VersionSelector::By::kId;
    NES_TRY_ASSIGN(const SecretValue value, secrets.get(id, {by, arguments[2]}));
    return value.version_id + " " + joined(value.stages) + " " +
           (value.binary ? base::base64_encode(*value.binary) : "text:" + *value.text);
  }
  if (command == "secret-versions") {
    NES_TRY_ASSIGN(const auto versions, secrets.list_versions(id));
    std::string out;
    for (const SecretVersion& version : versions)
      out += version.version_id + " " + joined(version.stages) + "\n";
    return out;
  }
  if (command == "secret-describe") {
    NES_TRY_ASSIGN(const SecretDescription description, secrets.describe(id));
    std::string out;
    for (const auto& [version, stages] : description.stages) out += version + " " + joined(stages) + "\n";
    return out;
  }
  if (command == "secret-create") return secrets.create(id, as_bytes(arguments[2]), arguments[3]);
  if (command == "secret-put") return secrets.put(id, as_bytes(arguments[2]), {arguments[3]}, arguments[4]);
  NES_TRY(secrets.move_stage(id, arguments[2], arguments[3], arguments[4]));
  return std::string("moved");
}

Result<std::string> call_s3(Client& client, const Arguments& arguments) {
  S3 s3(client, arguments[1]);
  if (arguments[0] == "s3-list") {
    NES_TRY_ASSIGN(const auto objects, s3.list(arguments[2]));
    std::string out;
    for (const S3Object& object : objects)
      out += object.key + " " + object.etag + " " + std::to_string(object.size) + "\n";
    return out;
  }
  NES_TRY_ASSIGN(const auto content, s3.get(arguments[2], arguments[3], std::stoul(arguments[4])));
  return content ? content->etag + " " + content->body : std::string("not modified");
}

int call(const Arguments& arguments) {
  const auto port = static_cast<std::uint16_t>(std::stoul(arguments[0]));
  const Arguments rest(arguments.begin() + 1, arguments.end());
  const base::SystemClock clock;
  FixedDialer dialer({.host = "127.0.0.1", .port = port});
  FixedCredentials source;
  const Pacing pacing = system_pacing();
  CredentialsProvider credentials(source, clock, pacing.random_below);
  Client client(
      {dialer, nullptr, clock}, credentials, pacing,
      {.region = "us-east-1", .endpoint = Address{.tls = false, .host = "127.0.0.1", .port = port}});
  const auto answer = rest[0].starts_with("kms")      ? call_kms(client, rest)
                      : rest[0].starts_with("secret") ? call_secrets(client, rest)
                                                      : call_s3(client, rest);
  if (!answer.ok()) {
    const std::string_view reason = answer.error().reason.view();
    std::printf("error %s: %.*s\n", base::error_code_name(answer.error().code),
                static_cast<int>(reason.size()), reason.data());
    return 1;
  }
  std::printf("%s\n", answer->c_str());
  return 0;
}

}  // namespace
}  // namespace nes::aws

int main(int argc, char** argv) {
  const nes::aws::Arguments arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "sign") return nes::aws::sign_lines();
  if (arguments.size() > 3 && arguments[0] == "call")
    return nes::aws::call({arguments.begin() + 1, arguments.end()});
  std::fprintf(stderr, "usage: see the source\n");
  return 2;
}
