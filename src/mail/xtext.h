// xtext: octets made fit for an ESMTP parameter by writing "+", "=", blanks and everything unprintable as "+XX".
// And its cousin for UTF-8 addresses in ORCPT.
//
// Standards: RFC 3461 4, RFC 6533 3 (utf-8-addr-xtext, utf-8-addr-unitext).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::mail {

bool valid_xtext(std::string_view text) noexcept;
std::string encode_xtext(std::string_view octets);
/// Errors: invalid, 501 5.5.4. The result may hold any octet: make it printable before showing it.
Result<std::string> decode_xtext(std::string_view text);

/// utf-8-addr-xtext, and where `smtputf8` utf-8-addr-unitext; "\x{HEX}" for what does not fit.
bool valid_utf8_addr(std::string_view text, bool smtputf8) noexcept;
/// utf-8-addr-xtext of an address in UTF-8; what is not UTF-8 is taken octet by octet.
std::string encode_utf8_addr(std::string_view address);
/// The address in UTF-8. The result may hold any character: make it harmless before showing it.
/// Errors: invalid, 501 5.5.4.
Result<std::string> decode_utf8_addr(std::string_view text);

}  // namespace ringpost::mail
