// The part of a report for programs: fields about the message, then a group of fields for each recipient. Private to
// queue/, for bounce.cc.
//
// Standards: RFC 3464 2 (message/delivery-status), RFC 6533 3 and 4 (message/global-delivery-status, the forms of UTF-8
// addresses), RFC 3461 6.3.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace ringpost::queue {

struct BounceRequest;

inline constexpr std::size_t diagnostic_octets_max = 512;  // a field of a report stays one line

/// Lines with CRLF; 7-bit unless `utf8`.
std::string report_fields(const BounceRequest& request, bool utf8);

std::string status_text(const EnhancedCode& code);
/// As in a Date field.
std::string date_text(WallTime time);

}  // namespace ringpost::queue
