// The admin address. Filled by config/ from [admin].
#pragma once

#include <string>

namespace ringpost::admin {

struct Options {
  std::string address = "127.0.0.1:8025";  // HTTP; port 0 picks one and logs it; "" switches it off
  std::string token_file;                  // required when address is not loopback
};

}  // namespace ringpost::admin
