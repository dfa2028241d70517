#include "tools/nitro_enc/aws_session.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/url.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kBundleBytes = std::size_t{4} << 20;
// Where distributions have theirs: Debian, Amazon Linux.
constexpr std::array kSystemBundles = {"/etc/ssl/certs/ca-certificates.crt",
                                       "/etc/pki/tls/certs/ca-bundle.crt"};

std::string system_bundle() {
  for (const char* path : kSystemBundles)
    if (::access(path, R_OK) == 0) return path;
  return kSystemBundles.front();
}

// arn:PARTITION:SERVICE:REGION:…; empty if `arn` is none.
std::string region_of(std::string_view arn) {
  if (!arn.starts_with("arn:")) return {};
  for (int i = 0; i < 3; ++i) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return std::string(arn.substr(0, arn.find(':')));
}

bool is_region(std::string_view region) {
  return !region.empty() && std::ranges::all_of(region, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::optional<std::string> flag_or_variables(const Arguments& arguments, std::string_view flag,
                                             std::initializer_list<const char*> variables,
                                             const Context& context) {
  if (const auto value = arguments.value(flag)) return std::string(*value);
  for (const char* variable : variables)
    if (auto value = context.environment(variable)) return value;
  return std::nullopt;
}

}  // namespace

std::vector<Flag> with_aws_flags(std::vector<Flag> flags) {
  flags.push_back({.name = "region",
                   .value = "REGION",
                   .help = "default: AWS_REGION, AWS_DEFAULT_REGION, or the region in the ARN"});
  flags.push_back({.name = "endpoint-url",
                   .value = "URL",
                   .help = "all services there instead; default: AWS_ENDPOINT_URL"});
  flags.push_back({.name = "ca-bundle",
                   .value = "FILE",
                   .help = "who vouches for AWS; default: AWS_CA_BUNDLE, or the system's bundle"});
  return flags;
}

std::shared_ptr<const tls::ClientContext> trusted_authorities(std::optional<std::string> path,
                                                              Context& context) {
  const std::string file = path ? std::move(*path) : system_bundle();
  const auto bundle = read_file(file, kBundleBytes);
  if (!bundle.ok()) {
    context.refuse(file, bundle.error());
    return nullptr;
  }
  auto tls = tls::ClientContext::create(*bundle);
  if (tls.ok()) return std::move(*tls);
  context.refuse(file, tls.error());
  return nullptr;
}

AwsSession::AwsSession(const Context& context, const std::shared_ptr<const tls::ClientContext>& tls,
                       aws::Client::Options options)
    : clock_(context.clock),
      dialer_(context.clock),
      source_(context.environment, {dialer_, tls, context.clock}),
      provider_(source_, context.clock, aws::system_pacing().random_below),
      client_({dialer_, tls, context.clock}, provider_, aws::system_pacing(), std::move(options)) {}

std::unique_ptr<AwsSession> AwsSession::create(const Arguments& arguments, std::string_view arn,
                                               Context& context, Status& status) {
  status = Status::kUsage;
  aws::Client::Options options;
  options.region = flag_or_variables(arguments, "region", {"AWS_REGION", "AWS_DEFAULT_REGION"}, context)
                       .value_or(region_of(arn));
  if (!is_region(options.region)) {
    context.misused("no region: --region, AWS_REGION, or an ARN that has one");
    return nullptr;
  }
  if (const auto text = flag_or_variables(arguments, "endpoint-url", {"AWS_ENDPOINT_URL"}, context)) {
    const auto url = parse_url(*text);
    if (!url || url->target != "/" || (!url->address.tls && !is_loopback(url->address.host))) {
      context.misused("--endpoint-url is no https://HOST[:PORT] (http:// only on this machine)");
      return nullptr;
    }
    options.endpoint = url->address;
  }
  status = Status::kRefused;
  const auto bundle = flag_or_variables(arguments, "ca-bundle", {"AWS_CA_BUNDLE"}, context);
  std::shared_ptr<const tls::ClientContext> tls;  // null where nobody has to be vouched for
  if (bundle || !options.endpoint || options.endpoint->tls) {
    tls = trusted_authorities(bundle, context);
    if (tls == nullptr) return nullptr;
  }
  return std::unique_ptr<AwsSession>(new AwsSession(context, tls, std::move(options)));
}

}  // namespace nes::nitro_enc
