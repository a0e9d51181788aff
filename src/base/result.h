// Result<T> is how an expected failure travels: std::expected with our Error. Exceptions do not cross module borders.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace ringpost {

template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail(ErrorKind::invalid, "why")`.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string reason, PublicStatus status = {}) {
  return std::unexpected(Error(kind, std::move(reason), status));
}

[[nodiscard]] inline std::unexpected<Error> fail_errno(int error_number, std::string_view what) {
  return std::unexpected(Error::from_errno(error_number, what));
}

/// `return propagate(result)`: hands on the error of a Result of another type.
template <class T>
[[nodiscard]] std::unexpected<Error> propagate(Result<T>& result) {
  return std::unexpected(std::move(result.error()));
}
template <class T>
[[nodiscard]] std::unexpected<Error> propagate(Result<T>&& result) {
  return std::unexpected(std::move(result.error()));
}

}  // namespace ringpost
