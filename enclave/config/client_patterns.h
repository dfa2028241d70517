// ENCRYPT_CLIENTS and DECRYPT_CLIENTS: which clients may do something, by the subject alternative names (SAN)
// of their certificate.
//
//   nobody | anonymous | entry *( "," entry )
//   entry   = ( "DNS:" name | "URI:" scheme "://" authority [ "/" path ] ) *( "@" label )
//
// Without white space. A `*` stands for exactly one whole DNS label, or for exactly one whole path segment
// that is not empty, `.` or `..`; it is never part of one, and never in a scheme or an authority.
//
// What a SAN must be to match: a DNS name with as many labels as the pattern's, compared without regard to
// case; or a URI whose scheme and authority are the pattern's without regard to case, with as many segments,
// each equal byte for byte. A SAN of another form (a wildcard, a trailing dot, a NUL, a query, a fragment,
// user information, percent-encoding) matches nothing: two spellings of one name cannot be two identities.
//
// A label restricts the entry to fields of that context; an entry without labels allows every context, an
// entry with labels not even the empty one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "enclave/config/variable.h"

namespace nes::config {

enum class SanType : std::uint8_t { kDns, kUri };

// A SAN of a verified client certificate, as its bytes stand there.
struct San {
  SanType type;
  std::string_view value;
};

// Who a client is found to be. Refers to its ClientPatterns, which must outlive it.
struct ClientMatch {
  std::optional<std::size_t> san;  // index into the SANs that were matched; nothing for an anonymous client
  std::optional<std::size_t> pattern;  // index of the entry; nothing likewise
  std::span<const std::string> labels;

  // Whether fields of this context are open to the client. "" is the context of fields that name none.
  bool allows_context(std::string_view context) const noexcept;
  bool allows_every_context() const noexcept { return labels.empty(); }
};

// Immutable; may be used from any thread.
class ClientPatterns {
 public:
  enum class Kind : std::uint8_t { kNobody, kAnonymous, kList };

  static Value<ClientPatterns> parse(std::string_view text);

  // Nobody.
  ClientPatterns() noexcept = default;

  Kind kind() const noexcept { return kind_; }
  std::size_t size() const noexcept { return entries_.size(); }

  // The first entry in the order of the list that one of the SANs matches, with the first such SAN; nothing
  // if the client may not. With `anonymous` every client may, whatever its SANs.
  std::optional<ClientMatch> match(std::span<const San> sans) const;

 private:
  struct Entry {
    SanType type = SanType::kDns;
    std::string origin;              // URI: scheme://authority in lower case
    std::vector<std::string> parts;  // DNS labels in lower case, or path segments
    std::vector<std::string> labels;
  };

  static Value<Entry> parse_entry(std::string_view text);
  static bool matches(const Entry& entry, const San& san);

  Kind kind_ = Kind::kNobody;
  std::vector<Entry> entries_;
};

}  // namespace nes::config
