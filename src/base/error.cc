#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace ringpost {

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::timed_out:
      return "timed out";
    case ErrorKind::closed:
      return "closed by the peer";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::too_large:
      return "too large";
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::refused:
      return "refused";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::no_space:
      return "no space";
    case ErrorKind::io:
      return "input/output error";
    case ErrorKind::corrupt:
      return "corrupt";
  }
  return "?";
}

namespace {

ErrorKind kind_of(int error_number) noexcept {
  switch (error_number) {
    case ECANCELED:
      return ErrorKind::cancelled;
    case ETIMEDOUT:
    case ETIME:
      return ErrorKind::timed_out;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
      return ErrorKind::closed;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::no_space;
    case ENOENT:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
      return ErrorKind::refused;
    default:
      return ErrorKind::io;
  }
}

}  // namespace

Error Error::from_errno(int error_number, std::string_view what) {
  const ErrorKind kind = kind_of(error_number);
  std::string reason(what);
  reason += ": ";
  reason += error_number == ETIME ? "timed out" : std::generic_category().message(error_number);
  const PublicStatus status = kind == ErrorKind::no_space ? PublicStatus{452, {4, 3, 1}} : PublicStatus{451, {4, 3, 0}};
  Error error(kind, std::move(reason), status);
  error.os_error = error_number;
  return error;
}

}  // namespace ringpost
