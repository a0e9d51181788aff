// The admin API as the command line uses it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "admin/options.h"
#include "base/result.h"

namespace ringpost::admin {

struct Answer {
  int status = 0;
  std::string body;
};

/// Errors: unavailable (nobody listens there: the reason says what to check), not_found (token file).
Result<Answer> get(const Options& server, const std::string& path);
Result<Answer> post(const Options& server, const std::string& path, const std::string& json);
/// GET whose body is handed on in pieces.
Result<Answer> get_streaming(const Options& server, const std::string& path,
                             const std::function<bool(std::string_view)>& write);
/// For a query string.
std::string url_encoded(std::string_view text);

}  // namespace ringpost::admin
