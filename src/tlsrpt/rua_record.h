// Where a domain wants its reports: the TXT record at _smtp._tls.DOMAIN. Octets in, values out; whoever wrote them is
// not trusted: what is not exactly a record is none, and of the addresses only what we would write ourselves counts.
//
// Standards: RFC 8460 3 (the record, and that more than one is none).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::tlsrpt {

/// One place to send to.
struct ReportTarget {
  enum class Kind : std::uint8_t { mail, https };
  Kind kind = Kind::mail;
  std::string uri;   // as it stands in the record, the scheme https in lower case
  std::string mail;  // Kind::mail: the address
  std::string host;  // Kind::https: the URL's host, lower case
  bool operator==(const ReportTarget&) const = default;
};

struct RuaRecord {
  static constexpr std::size_t octets_max = 2'048;    // of the record's text; a longer one is none
  static constexpr std::size_t targets_max = 4;       // more are not sent to
  static constexpr std::size_t uri_octets_max = 512;  // a longer one is no place to send to

  std::vector<ReportTarget> targets;  // may be empty: none of a kind that we know
};

/// `records`: RDATA. nullopt: the domain wants no reports: no record, more than one, or a broken one.
std::optional<RuaRecord> parse_rua_records(const std::vector<std::string>& records);

}  // namespace ringpost::tlsrpt
