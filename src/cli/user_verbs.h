// `ringpost user add|passwd|remove|list|verify`. The first four change or show the account file itself, whether the
// server runs or not (it sees the change within a second); verify asks whatever store is configured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "account/options.h"

namespace ringpost::cli {

struct UserArguments {
  std::string login;
  std::string file;      // instead of the configured store
  std::string key_file;  // of sealed passwords, beside `file`
  std::string name;
  std::vector<std::string> addresses, groups;
  bool password_stdin = false;
  bool reversible = false;
  bool srp = false;
  bool json = false;
};

/// The store to work on: `arguments.file` where it is given, else the configured one.
account::Options chosen_store(const account::Options& configured, const UserArguments& arguments);

/// `verb` is one of the five. A new file belongs to `server_user` where root makes it. Returns the exit status.
int user_verb(const account::Options& store, const std::string& server_user, std::string_view verb,
              const UserArguments& arguments);

}  // namespace ringpost::cli
