// The Maildir of a recipient: {domain} and {local} of the template replaced so that no address, whatever it holds,
// names a place outside of where it belongs, and no two mailboxes share a place. Upper and lower case are one mailbox.
//
// In a value '/', '%', NUL, controls and a leading '.' are written as "%xx"; what is longer than 200 octets then goes
// on in a directory below, the first part marked by a '%' at its end.
#pragma once

#include <string>
#include <string_view>

#include "mail/address.h"

namespace ringpost::relay {

constexpr std::size_t path_component_octets_max = 200;

/// Never empty, "." or "..", and without a '/' unless it is longer than path_component_octets_max.
std::string path_component(std::string_view value);
std::string maildir_path(std::string_view path_template, const mail::Address& recipient);

}  // namespace ringpost::relay
