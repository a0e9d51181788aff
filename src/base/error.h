// An expected failure: what went wrong for us (kind, reason: logged, never sent) and what the peer may hear (an SMTP
// reply code with its enhanced status code). Cancelled, timed_out and closed are the three ways a wait ends early.
//
// Standards: RFC 5321 4.2 (reply codes), RFC 3463 (enhanced status codes).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringpost {

enum class ErrorKind : std::uint8_t {
  cancelled,  // our own decision: the scope is closing
  timed_out,  // the deadline passed
  closed,     // the peer went away
  invalid,    // input does not follow its grammar
  too_large,  // a stated limit is exceeded
  not_found,
  refused,      // policy, permission, or a state in which this may not be done
  unavailable,  // back-pressure or a sick dependency: try later
  no_space,     // disk full or below the reserve
  io,           // the kernel said no; `os_error` has the errno
  corrupt,      // a checksum or a format that cannot be ours
};

std::string_view to_string(ErrorKind kind) noexcept;

/// RFC 3463 class.subject.detail, e.g. {5,7,1}.
struct EnhancedCode {
  std::uint8_t klass = 0;
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;
  bool operator==(const EnhancedCode&) const = default;
};

struct PublicStatus {
  std::uint16_t code = 451;
  EnhancedCode enhanced{4, 3, 0};
  bool operator==(const PublicStatus&) const = default;
};

struct Error {
  ErrorKind kind = ErrorKind::io;
  std::string reason;     // for the log
  int os_error = 0;       // errno where the kernel was asked, else 0
  PublicStatus status{};  // for the peer

  Error(ErrorKind error_kind, std::string why, PublicStatus public_status = {})
      : kind(error_kind), reason(std::move(why)), status(public_status) {}

  /// `what` names the operation: "open /var/lib/ringpost/lock". ENOSPC and EDQUOT become no_space (452 4.3.1),
  /// ECANCELED cancelled, ETIMEDOUT and ETIME timed_out, EPIPE/ECONNRESET/ENOTCONN closed.
  static Error from_errno(int error_number, std::string_view what);
};

}  // namespace ringpost
