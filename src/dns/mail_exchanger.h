// The MX records of a domain, and names in general, read from their RDATA. Any thread.
//
// Standards: RFC 1035 3.3.9 (form), RFC 7505 (null MX).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::dns {

struct MailExchanger {
  std::uint16_t preference = 0;  // lower is better
  std::string host;              // lower case, without the final dot; empty: the null MX
};

/// A name as it stands in RDATA, uncompressed, with nothing behind it: lower case, without the final dot. nullopt: as
/// below.
std::optional<std::string> parse_name(std::string_view wire);

/// nullopt: broken, or a host that is no host name (an address or an underscore is common and taken as it is; a control
/// character, a blank or a dot within a label is not).
std::optional<MailExchanger> parse_mail_exchanger(std::string_view rdata);

}  // namespace ringpost::dns
