#include "devkit/aws_emulator/emulator.h"

#include "aws/time_text.h"
#include "devkit/aws_emulator/authentication.h"
#include "devkit/aws_emulator/json_edit.h"
#include "devkit/aws_emulator/random_text.h"
#include "devkit/aws_emulator/sts.h"
#include "http/media_type.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

struct Target {
  std::string_view prefix;  // of X-Amz-Target
  std::string_view service;
};
constexpr Target kTargets[] = {{"TrentService.", "kms"}, {"secretsmanager.", "secretsmanager"}};

// KeyId and Plaintext of the lies.
constexpr std::string_view kOtherKeyId = "00000000-0000-4000-8000-000000000000";
constexpr std::string_view kPlaintext = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";  // 32 zeros

}  // namespace

struct Emulator::Route {
  std::string service;    // empty: a JSON service that the emulator does not have
  std::string operation;  // may be empty, or one that the service does not have
  Protocol protocol = Protocol::kJson;
  S3Target s3{};
};

Emulator::Route Emulator::route(const Request& request) const {
  if (is_imds_request(request)) return {"imds", imds_operation(request), Protocol::kS3};
  if (const std::string_view target = request.header("x-amz-target"); !target.empty()) {
    for (const Target& known : kTargets)
      if (target.starts_with(known.prefix))
        return {std::string(known.service), std::string(target.substr(known.prefix.size())), Protocol::kJson};
    return {"", "", Protocol::kJson};
  }
  if (request.method == "POST" && request.path == "/" &&
      http::media_type_is(request.header("content-type"), kForm))
    return {"sts", query_action(request.body), Protocol::kQuery};
  S3Target target = s3_target(request, region_);
  std::string operation = target.operation;
  return {"s3", std::move(operation), Protocol::kS3, std::move(target)};
}

Reply Emulator::serve(const Route& route, const Request& request) {
  if (route.service == "imds") return {.answer = imds_.handle(request)};
  if (route.service.empty())
    return {.answer =
                json_error(400, "UnknownOperationException", "The emulator does not have this service.")};
  const Verdict verdict =
      authenticate(request, {route.service, region_, route.protocol}, principals_, clock_.unix_ms());
  if (verdict.principal == nullptr)
    return {.answer = refuse(route.protocol, verdict), .without_body = request.method == "HEAD"};
  const Caller& caller = verdict.principal->caller;
  if (route.service == "kms") return {.answer = kms_.call(route.operation, request.body, caller)};
  if (route.service == "secretsmanager")
    return {.answer = secrets_.call(route.operation, request.body, caller)};
  if (route.service == "sts") return {.answer = call_sts(route.operation, *verdict.principal)};
  return s3_.handle(route.s3, request);
}

Reply Emulator::serve_struck(const Route& route, const Request& request, const Fault& fault) {
  const auto with_member = [](Reply reply, std::string_view name, std::string_view value) {
    auto changed = with_text_member(reply.answer.body, name, value);
    if (reply.answer.status == 200 && changed.ok()) reply.answer.body = std::move(*changed);
    return reply;
  };
  switch (fault.action) {
    case FaultAction::kThrottle:
      if (route.protocol == Protocol::kS3)
        return {.answer = error_answer(route.protocol, 503, "SlowDown", "Please reduce your request rate.")};
      return {.answer = error_answer(route.protocol, 400,
                                     route.protocol == Protocol::kJson ? "ThrottlingException" : "Throttling",
                                     "Rate exceeded")};
    case FaultAction::kError:
      return {.answer =
                  error_answer(route.protocol, fault.status, fault.type, "A fault that was asked for.")};
    case FaultAction::kPlaintext: return with_member(serve(route, request), "Plaintext", kPlaintext);
    case FaultAction::kOtherKey: {
      const std::string arn =
          "arn:aws:kms:" + region_ + ":" + principals_.administrator().caller.account + ":key/";
      return with_member(serve(route, request), "KeyId", arn + std::string(kOtherKeyId));
    }
    case FaultAction::kExpireCredentials:
      if (!principals_.expire_sessions().ok())
        return {.answer = error_answer(route.protocol, 500, "InternalFailure", "The state cannot be saved.")};
      return serve(route, request);
    default: break;
  }
  Reply reply = serve(route, request);
  reply.drop = fault.action == FaultAction::kDrop;
  reply.delay_ms = fault.delay_ms;
  if (fault.action == FaultAction::kTruncate) {
    reply.announced_length = reply.answer.body.size();
    reply.answer.body.resize(reply.answer.body.size() / 2);
  }
  if (fault.action == FaultAction::kHuge && reply.answer.status == 200) {
    reply.answer.body.clear();
    reply.announced_length = fault.bytes;
    reply.filler_bytes = fault.bytes;
  }
  return reply;
}

Reply Emulator::handle(const Request& request) {
  const std::lock_guard lock(mutex_);
  const Route where = route(request);
  const auto fault = faults_.strike(where.service, where.operation);
  Reply reply;
  clock_.set_skew_ms(fault.ok() && *fault ? (*fault)->seconds * 1000 : 0);
  if (!fault.ok())
    reply.answer =
        error_answer(where.protocol, 500, "InternalFailure", "The file of faults is no list of rules.");
  else if (*fault)
    reply = serve_struck(where, request, **fault);
  else
    reply = serve(where, request);
  if (request.method == "HEAD") reply.without_body = true;
  reply.answer.headers.emplace_back("date", aws::format_http_date(clock_.unix_ms()));
  reply.answer.headers.emplace_back(where.protocol == Protocol::kS3 ? "x-amz-request-id" : "x-amzn-requestid",
                                    random_uuid());
  clock_.set_skew_ms(0);
  return reply;
}

}  // namespace nes::aws_emulator
