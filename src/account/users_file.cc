#include "account/users_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <exception>
#include <map>

#include "account/scram_keys.h"
#include "base/base64.h"
#include "base/text.h"
#include "crypto/password_hash.h"
#include "crypto/seal.h"
#include "mail/saslprep.h"

namespace ringpost::account {

namespace {

constexpr std::size_t problems_max = 100;
constexpr std::size_t login_octets_max = 255;
constexpr std::size_t address_octets_max = 320;
constexpr std::size_t name_octets_max = 255;
constexpr std::size_t list_max = 1000;

class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}
  void add(const toml::source_region& at, const std::string& what) {
    if (list_.size() >= problems_max) return;
    list_.push_back(file_ + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) + ": " + what);
  }
  void add(const std::string& what) { list_.push_back(file_ + ": " + what); }
  bool empty() const noexcept { return list_.empty(); }
  std::vector<std::string> take() { return std::move(list_); }

 private:
  std::string file_;
  std::vector<std::string> list_;
};

// One key of a [[user]] table on its way into the entry.
class Value {
 public:
  Value(const toml::key& key, const toml::node& node, Problems& problems)
      : key_(key), node_(node), problems_(problems) {}

  std::string_view key() const noexcept { return key_.str(); }
  /// Never shows the value: it may be a secret.
  void wrong(const std::string& expected) {
    problems_.add(node_.source(), std::string(key()) + ": expected " + expected);
  }

  void text(std::string& into, const char* (*check)(std::string_view)) {
    const auto* const value = node_.as_string();
    if (value == nullptr) return wrong("a string");
    if (const char* why = check(value->get())) return wrong(why);
    into = value->get();
  }
  void texts(std::vector<std::string>& into, const char* (*check)(std::string_view)) {
    const auto* const array = node_.as_array();
    if (array == nullptr) return wrong("an array of strings");
    if (array->size() > list_max) return wrong("at most 1000 entries");
    for (const toml::node& item : *array) {
      const auto* const value = item.as_string();
      const char* const why = value == nullptr ? "an array of strings" : check(value->get());
      if (why != nullptr) {
        problems_.add(item.source(), std::string(key()) + ": expected " + why);
      } else {
        into.push_back(value->get());
      }
    }
  }
  void flag(bool& into) {
    const auto* const value = node_.as_boolean();
    if (value == nullptr) return wrong("true or false");
    into = value->get();
  }
  void keys(std::optional<ScramKeys>& into, bool sha256) {
    const auto* const value = node_.as_string();
    if (value != nullptr) into = parse_scram_keys(value->get(), sha256);
    if (!into) wrong("\"ITERATIONS:SALT$STORED:SERVER\" in base64, as `ringpost user` writes it");
  }
  void srp(std::optional<SrpVerifier>& into) {
    const auto* const value = node_.as_string();
    const std::string_view text = value != nullptr ? std::string_view(value->get()) : std::string_view();
    const std::size_t first = text.find('$');
    const std::size_t second = first == std::string_view::npos ? first : text.find('$', first + 1);
    if (second == std::string_view::npos) return wrong("\"DIGEST$SALT$VERIFIER\"");
    const std::string_view digest = text.substr(0, first);
    const auto salt = base64_decode(text.substr(first + 1, second - first - 1));
    const auto verifier = base64_decode(text.substr(second + 1));
    if ((digest != "SHA-1" && digest != "SHA-256") || !salt || salt->empty() || !verifier || verifier->empty() ||
        verifier->size() > 256)
      return wrong("\"DIGEST$SALT$VERIFIER\" with SHA-1 or SHA-256, salt and verifier in base64");
    into = SrpVerifier{std::string(digest), *salt, *verifier};
  }

 private:
  const toml::key& key_;
  const toml::node& node_;
  Problems& problems_;
};

const char* wrong_hash(std::string_view hash) {
  return crypto::known_hash(hash) ? nullptr : "a hash of crypt(3) that begins with \"$\"";
}

const char* wrong_sealed(std::string_view sealed) {
  return crypto::looks_sealed(sealed) ? nullptr : "\"v1:\" and base64, as `ringpost user add --reversible` writes it";
}

const char* wrong_group(std::string_view name) {
  return wrong_name(name) != nullptr || name.empty() ? "the name of a group" : nullptr;
}

UserEntry read_user(const toml::table& table, Problems& problems) {
  UserEntry user;
  user.line = table.source().begin.line;
  for (const auto& [key, node] : table) {
    Value value(key, node, problems);
    const std::string_view name = key.str();
    if (name == "login") {
      value.text(user.login, wrong_login);
    } else if (name == "name") {
      value.text(user.name, wrong_name);
    } else if (name == "addresses") {
      value.texts(user.addresses.emplace(), wrong_address);
    } else if (name == "groups") {
      value.texts(user.groups, wrong_group);
    } else if (name == "enabled") {
      value.flag(user.enabled);
    } else if (name == "hash") {
      value.text(user.hash, wrong_hash);
    } else if (name == "scram_sha256") {
      value.keys(user.scram_sha256, true);
    } else if (name == "scram_sha1") {
      value.keys(user.scram_sha1, false);
    } else if (name == "sealed") {
      value.text(user.sealed, wrong_sealed);
    } else if (name == "srp") {
      value.srp(user.srp);
    } else {
      problems.add(key.source(), "unknown key " + printable(name, 64) +
                                     "; a [[user]] has login, name, addresses, groups, enabled, hash, scram_sha256, "
                                     "scram_sha1, sealed, srp");
    }
  }
  if (table.find("login") == table.end()) problems.add(table.source(), "[[user]] needs a login");
  return user;
}

std::vector<UserEntry> read_file(const toml::table& root, Problems& problems) {
  std::vector<UserEntry> users;
  std::map<std::string, unsigned> seen;
  for (const auto& [key, node] : root) {
    const auto* const array = node.as_array();
    if (key.str() != "user" || array == nullptr) {
      problems.add(key.source(), "unknown key " + printable(key.str(), 64) + ": expected [[user]] tables only");
      continue;
    }
    for (const toml::node& item : *array) {
      if (item.as_table() == nullptr) {
        problems.add(item.source(), "user: expected [[user]] tables");
        continue;
      }
      users.push_back(read_user(*item.as_table(), problems));
      const auto login = mail::login_key(users.back().login);
      if (!login) continue;
      const auto [at, fresh] = seen.emplace(*login, users.back().line);
      if (!fresh)
        problems.add(item.source(), "login " + printable(users.back().login) + " is given twice, first in line " +
                                        std::to_string(at->second));
    }
  }
  return users;
}

std::string toml_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (octet < 0x20 || octet == 0x7f) {
      out += "\\u00";
      out += {digits[octet >> 4], digits[octet & 15]};
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string toml_string(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + toml_string(text);
  return out + ']';
}

bool has_controls(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

const char* wrong_login(std::string_view login) {
  const auto prepared = mail::saslprep(login, mail::Prepared::to_keep);
  return prepared && login.size() <= login_octets_max && !has_controls(login)
             ? nullptr
             : "a login of 1 to 255 octets of text (SASLprep, RFC 4013)";
}

const char* wrong_address(std::string_view address) {
  constexpr const char* expected =
      "an address: \"ann@example.com\", \"*@example.com\", \"ann+*@example.com\" or \"group:NAME\"";
  if (address.size() > address_octets_max || has_controls(address) || address.contains(' ')) return expected;
  if (address.starts_with("group:")) return address.size() > 6 ? nullptr : expected;
  const std::size_t at = address.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < address.size() ? nullptr : expected;
}

const char* wrong_name(std::string_view name) {
  return name.size() <= name_octets_max && !has_controls(name) ? nullptr : "a name of at most 255 octets on one line";
}

std::expected<std::vector<UserEntry>, std::vector<std::string>> parse_users(std::string_view text,
                                                                            const std::string& name) {
  Problems problems(name);
  std::vector<UserEntry> users;
  try {
    users = read_file(toml::parse(text, name), problems);
  } catch (const toml::parse_error& error) {
    problems.add(error.source(), "not TOML: " + std::string(error.description()));
  } catch (const std::exception& error) {
    problems.add(std::string("cannot be read: ") + error.what());
  }
  if (!problems.empty()) return std::unexpected(problems.take());
  std::ranges::stable_sort(users, {}, &UserEntry::line);
  return users;
}

std::string print_user(const UserEntry& user) {
  std::string out = "[[user]]\nlogin = " + toml_string(user.login) + "\n";
  const auto line = [&out](const char* key, const std::string& value) {
    out += std::string(key) + " = " + value + "\n";
  };
  if (!user.name.empty()) line("name", toml_string(user.name));
  if (user.addresses) line("addresses", toml_string(*user.addresses));
  if (!user.groups.empty()) line("groups", toml_string(user.groups));
  if (!user.enabled) line("enabled", "false");
  if (!user.hash.empty()) line("hash", toml_string(user.hash));
  if (user.scram_sha256) line("scram_sha256", toml_string(print_scram_keys(*user.scram_sha256, true)));
  if (user.scram_sha1) line("scram_sha1", toml_string(print_scram_keys(*user.scram_sha1, false)));
  if (!user.sealed.empty()) line("sealed", toml_string(user.sealed));
  if (user.srp)
    line("srp",
         toml_string(user.srp->digest + "$" + base64_encode(user.srp->salt) + "$" + base64_encode(user.srp->verifier)));
  return out;
}

Account to_account(const UserEntry& user) {
  Account account;
  account.identity.login = mail::saslprep(user.login).value_or(user.login);
  account.identity.display_name = user.name;
  if (user.addresses) {
    account.identity.addresses = *user.addresses;
  } else if (user.login.contains('@')) {
    account.identity.addresses.push_back(account.identity.login);
  }
  for (const std::string& group : user.groups) account.identity.addresses.push_back("group:" + group);
  account.enabled = user.enabled;
  account.password_hash = user.hash;
  account.scram_sha256 = user.scram_sha256;
  account.scram_sha1 = user.scram_sha1;
  account.srp = user.srp;
  return account;
}

}  // namespace ringpost::account
