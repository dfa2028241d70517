#include "devkit/aws_emulator/xml_text.h"

#include "devkit/aws_emulator/random_text.h"

namespace nes::aws_emulator {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += "&#" + std::to_string(static_cast<int>(c)) + ";";
        else
          out += c;
    }
  }
}

}  // namespace

std::string xml_element(std::string_view name, std::string_view text) {
  std::string out = "<";
  out += name;
  out += '>';
  append_escaped(out, text);
  out += "</";
  out += name;
  out += '>';
  return out;
}

Answer xml_answer(int status, std::string_view root) {
  return {status,
          {{"content-type", "application/xml"}},
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + std::string(root)};
}

Answer s3_error(int status, std::string_view code, std::string_view message) {
  return xml_answer(status, "<Error>" + xml_element("Code", code) + xml_element("Message", message) +
                                xml_element("RequestId", random_uuid()) + "</Error>");
}

Answer query_error(int status, std::string_view code, std::string_view message) {
  return xml_answer(status, "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>" +
                                xml_element("Type", status >= 500 ? "Receiver" : "Sender") +
                                xml_element("Code", code) + xml_element("Message", message) + "</Error>" +
                                xml_element("RequestId", random_uuid()) + "</ErrorResponse>");
}

}  // namespace nes::aws_emulator
