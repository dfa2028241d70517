// Percent-encoding as AWS wants it (RFC 3986 section 2: everything but unreserved characters, in upper-case
// hex), and the shape of its targets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nes::aws {

// Names and values as they are meant, not encoded; in any order, names may repeat.
using Query = std::vector<std::pair<std::string, std::string>>;

std::string percent_encode(std::string_view text);
// The same, but `/` stays.
std::string percent_encode_path(std::string_view path);
// name=value joined by `&`, in the canonical order of SigV4: by encoded name, then by encoded value.
std::string canonical_query(const Query& query);

// The inverse of both encodings, in either case of hex; a `+` stays one. Nothing if a `%` has no two digits
// behind it.
std::optional<std::string> percent_decode(std::string_view text);
// The query of a target, without its `?`, in the order in which it stands there; an item without `=` has an
// empty value, and empty items are left out. Nothing if percent_decode() refuses a part of it.
std::optional<Query> parse_query(std::string_view text);

// What S3 does to keys under encoding-type=url: %XX, and `+` for a space. Nothing if `text` is not that.
std::optional<std::string> form_decode(std::string_view text);

}  // namespace nes::aws
