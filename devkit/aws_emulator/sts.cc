#include "devkit/aws_emulator/sts.h"

#include "aws/uri.h"
#include "devkit/aws_emulator/random_text.h"
#include "devkit/aws_emulator/xml_text.h"

namespace nes::aws_emulator {

std::string query_action(std::string_view body) {
  const auto parameters = aws::parse_query(body);
  if (!parameters) return {};
  for (const auto& [name, value] : *parameters)
    if (name == "Action") return value;
  return {};
}

Answer call_sts(std::string_view action, const Principal& principal) {
  if (action != "GetCallerIdentity")
    return query_error(400, "InvalidAction", "The emulator does not know this action.");
  return xml_answer(
      200,
      "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<GetCallerIdentityResult>" +
          xml_element("Arn", principal.caller.arn) + xml_element("UserId", principal.user_id) +
          xml_element("Account", principal.caller.account) + "</GetCallerIdentityResult><ResponseMetadata>" +
          xml_element("RequestId", random_uuid()) + "</ResponseMetadata></GetCallerIdentityResponse>");
}

}  // namespace nes::aws_emulator
