#include "cli/user_verbs.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "account/new_password.h"
#include "account/open_store.h"
#include "account/users_editor.h"
#include "base/text.h"
#include "cli/password_prompt.h"
#include "cli/queue_verbs.h"
#include "crypto/equal.h"
#include "crypto/seal.h"

namespace ringpost::cli {

using nlohmann::json;

namespace {

Result<std::string> file_of(const account::Options& store) {
  if (store.users.starts_with("file:") && store.users.size() > 5) return store.users.substr(5);
  return fail(ErrorKind::refused, "accounts are in " + store.users +
                                      ", which is changed by its own tools (--file PATH "
                                      "works on a file)");
}

account::UsersEditor::Owner owner_of_new_files(const std::string& server_user) {
  const passwd* const entry = server_user.empty() ? nullptr : ::getpwnam(server_user.c_str());
  if (entry != nullptr) return {entry->pw_uid, entry->pw_gid};
  return {::geteuid(), ::getegid()};
}

std::vector<std::string> kinds_of(const account::UserEntry& user) {
  std::vector<std::string> kinds;
  if (!user.hash.empty()) kinds.emplace_back("hash");
  if (user.scram_sha256) kinds.emplace_back("scram-sha-256");
  if (user.scram_sha1) kinds.emplace_back("scram-sha-1");
  if (!user.sealed.empty()) kinds.emplace_back("reversible");
  if (user.srp) kinds.emplace_back("srp");
  return kinds;
}

std::string spaced(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out.empty() ? "-" : out;
}

Result<account::UserEntry> new_entry(const UserArguments& arguments) {
  const auto wrong = [](std::string_view what, const char* expected) {
    return fail(ErrorKind::invalid, printable(what) + ": expected " + expected);
  };
  account::UserEntry user;
  if (const char* expected = account::wrong_login(arguments.login)) return wrong(arguments.login, expected);
  if (const char* expected = account::wrong_name(arguments.name)) return wrong("--name", expected);
  for (const std::string& address : arguments.addresses)
    if (const char* expected = account::wrong_address(address)) return wrong(address, expected);
  user.login = arguments.login;
  user.name = arguments.name;
  if (!arguments.addresses.empty()) user.addresses = arguments.addresses;
  user.groups = arguments.groups;
  return user;
}

Result<void> give_password(account::UserEntry& user, const account::Options& store, const UserArguments& arguments) {
  // What an account has had it keeps, in a new edition.
  const account::PasswordKinds kinds{.reversible = arguments.reversible || !user.sealed.empty(),
                                     .srp = arguments.srp || user.srp.has_value()};
  std::optional<crypto::SealingKey> key;
  if (kinds.reversible && !store.key_file.empty()) {
    auto read = crypto::SealingKey::read(store.key_file);
    if (!read) return propagate(read);
    key = std::move(*read);
  }
  auto password = ask_password(
      arguments.password_stdin ? PasswordSource::standard_input : PasswordSource::terminal_twice, user.login);
  if (!password) return propagate(password);
  auto set = account::set_password(user, *password, kinds, key ? &*key : nullptr);
  crypto::wipe(*password);
  return set;
}

Result<void> add(const account::Options& store, const std::string& path, const std::string& server_user,
                 const UserArguments& arguments) {
  auto user = new_entry(arguments);
  if (!user) return propagate(user);
  auto editor = account::UsersEditor::open(path);
  if (!editor) return propagate(editor);
  if (editor->find(user->login) != nullptr)
    return fail(ErrorKind::refused, printable(user->login) +
                                        " has an account already; `ringpost user passwd` gives it "
                                        "another password");
  if (auto given = give_password(*user, store, arguments); !given) return given;
  if (auto put = editor->put(*user); !put) return put;
  return editor->save(owner_of_new_files(server_user));
}

Result<void> passwd(const account::Options& store, const std::string& path, const std::string& server_user,
                    const UserArguments& arguments) {
  auto editor = account::UsersEditor::open(path);
  if (!editor) return propagate(editor);
  const account::UserEntry* const old = editor->find(arguments.login);
  if (old == nullptr) return fail(ErrorKind::not_found, "no account " + printable(arguments.login) + " in " + path);
  account::UserEntry user = *old;
  if (auto given = give_password(user, store, arguments); !given) return given;
  if (auto put = editor->put(user); !put) return put;
  return editor->save(owner_of_new_files(server_user));
}

Result<void> remove(const std::string& path, const std::string& server_user, const UserArguments& arguments) {
  auto editor = account::UsersEditor::open(path);
  if (!editor) return propagate(editor);
  if (auto removed = editor->remove(arguments.login); !removed) return removed;
  return editor->save(owner_of_new_files(server_user));
}

void print_list(const std::vector<account::UserEntry>& users, bool as_json) {
  json rows = json::array();
  for (const account::UserEntry& user : users) {
    const account::Account account = account::to_account(user);
    if (as_json) {
      rows.push_back({{"login", account.identity.login},
                      {"name", user.name},
                      {"addresses", account.identity.addresses},
                      {"enabled", user.enabled},
                      {"kinds", kinds_of(user)}});
    } else {
      fmt::print("{:<32} {:<8} {}\n    name      {}\n    addresses {}\n", printable(account.identity.login),
                 user.enabled ? "enabled" : "disabled", spaced(kinds_of(user)), user.name.empty() ? "-" : user.name,
                 spaced(account.identity.addresses));
    }
  }
  if (as_json) fmt::print("{}\n", rows.dump(2, ' ', false, json::error_handler_t::replace));
}

Result<void> list(const std::string& path, const UserArguments& arguments) {
  auto editor = account::UsersEditor::open(path);
  if (!editor) return propagate(editor);
  print_list(editor->users(), arguments.json);
  return {};
}

int verify(const account::Options& options, const UserArguments& arguments) {
  auto store = account::open_store(options);
  if (!store) return report_failure(store.error().reason);
  auto password = ask_password(
      arguments.password_stdin ? PasswordSource::standard_input : PasswordSource::terminal_once, arguments.login);
  if (!password) return report_failure(password.error().reason);
  const auto account = (*store)->verify(arguments.login, *password);
  crypto::wipe(*password);
  if (!account) {
    const bool refused = account.error().kind == ErrorKind::refused;
    return report_failure((refused ? "failed: " : "unavailable: ") + account.error().reason);
  }
  fmt::print("ok: {}, may send as {}\n", printable(account->identity.login), spaced(account->identity.addresses));
  return 0;
}

}  // namespace

account::Options chosen_store(const account::Options& configured, const UserArguments& arguments) {
  account::Options store = configured;
  if (!arguments.file.empty()) store.users = "file:" + arguments.file;
  if (!arguments.key_file.empty()) store.key_file = arguments.key_file;
  return store;
}

int user_verb(const account::Options& store, const std::string& server_user, std::string_view verb,
              const UserArguments& arguments) {
  if (verb == "verify") return verify(store, arguments);
  const auto path = file_of(store);
  if (!path) return report_failure(path.error().reason);
  Result<void> done;
  if (verb == "add") {
    done = add(store, *path, server_user, arguments);
  } else if (verb == "passwd") {
    done = passwd(store, *path, server_user, arguments);
  } else if (verb == "remove") {
    done = remove(*path, server_user, arguments);
  } else {
    done = list(*path, arguments);
  }
  return done ? 0 : report_failure(done.error().reason);
}

}  // namespace ringpost::cli
