#include "server/options.h"

namespace ringpost::server {

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::mx:
      return "mx";
    case Role::submission:
      return "submission";
    case Role::submissions:
      return "submissions";
  }
  return "?";
}

}  // namespace ringpost::server
