// [lookup.NAME]: a directory or a database that [auth] users names, of one of two types.
#include "base/text.h"
#include "config/sections.h"

namespace ringpost::config {

namespace {

using account::LdapOptions;
using account::PostgresOptions;
using lookup::LdapServer;
using lookup::PostgresServer;
using std::chrono::minutes;
using std::chrono::seconds;

std::string no_check(std::string_view) {
  return {};
}

std::string check_ldap_url(std::string_view text) {
  for (const std::string_view scheme : {"ldap://", "ldaps://", "ldapi://"})
    if (text.starts_with(scheme)) return {};
  return "'" + printable(text) + "' is not an LDAP URL";
}

ValueType<std::string> text() {
  return text_type("text", "a text", no_check);
}

ValueType<std::string> path() {
  return text_type("path", "the path of a file, or \"\" for none", no_check);
}

/// Passwords stand in files of their own: a configuration is shown around.
std::string check_conninfo(std::string_view text) {
  const bool keyword = to_lower(text).find("password") != std::string::npos;
  const std::size_t at = text.find('@');
  const bool in_url = text.find("://") != std::string_view::npos && at != std::string_view::npos &&
                      text.substr(text.find("://") + 3, at - text.find("://") - 3).find(':') != std::string_view::npos;
  return keyword || in_url ? "a password belongs into conninfo_file" : "";
}

/// Which kind of table it is; read by whoever chooses the section.
template <class T>
Row<T> type_row(const std::string& type) {
  return {"type",
          toml_quoted(type),
          "what kind of table this is",
          "required",
          [](const Node&, T&, const std::string&, Report&) {},
          [type](const T&) { return toml_quoted(type); },
          Form::text};
}

}  // namespace

const Section<LdapOptions>& ldap_section() {
  using L = LdapOptions;
  using account::LdapPassword;
  const auto server = [](auto LdapServer::* member) { return [member](L& l) -> auto& { return l.server.*member; }; };
  static const Section<L> section{
      "lookup.DIRECTORY",
      false,
      "A table whose name you choose, with `type = \"ldap\"`: accounts in a directory, for `[auth] users = "
      "\"ldap:NAME\"` (docs/accounts.md).",
      {type_row<L>("ldap"),
       row<L, std::vector<std::string>>(
           "urls", server(&LdapServer::urls),
           text_or_list_type("URL or array of URLs", "a URL like \"ldaps://ldap.example.com\", or an array of them",
                             check_ldap_url),
           "the servers; the first that answers", "required"),
       row<L, bool>("start_tls", server(&LdapServer::start_tls), bool_type(), "TLS on `ldap://`; no answer without it"),
       row<L, std::string>("ca_file", server(&LdapServer::ca_file), path(),
                           "who signs their certificates; \"\": the system's"),
       row<L, std::string>("bind_dn", server(&LdapServer::bind_dn), text(), "who we are there; \"\": anonymous"),
       row<L, std::string>("bind_password_file", server(&LdapServer::bind_password_file), path(), "our password there"),
       row<L, Duration>("connect_timeout", server(&LdapServer::connect_timeout), duration_type(seconds(1), minutes(5)),
                        "wait for a connection"),
       row<L, Duration>("operation_timeout", server(&LdapServer::operation_timeout),
                        duration_type(seconds(1), minutes(5)), "wait for an answer"),
       row<L, std::uint32_t>("connections_max", server(&LdapServer::connections_max), count_type(1, 1000),
                             "connections at a time"),
       row("base", &L::base, text(), "where the search begins", "required"),
       row("filter", &L::filter, text(), "which entry is the account; `{login}` is the login, made harmless"),
       row("login_attribute", &L::login_attribute, text(), "how the account is called; \"\": as the client said it"),
       row("address_attributes", &L::address_attributes,
           text_list_type("array of names", "an array of names", no_check), "the addresses it may use"),
       row("name_attribute", &L::name_attribute, text(), "its display name"),
       row("password", &L::password,
           enum_type<LdapPassword>({{"bind", LdapPassword::bind}, {"compare", LdapPassword::compare}}),
           "`bind`: the directory checks the password, as a bind of the user; `compare`: by the attribute"),
       row("password_attribute", &L::password_attribute, text(), "for `compare`"),
       row("scram_attribute", &L::scram_attribute, text(), "keys for SCRAM, as RFC 5803 writes them; \"\": none")}};
  return section;
}

const Section<PostgresOptions>& postgres_section() {
  using P = PostgresOptions;
  const auto server = [](auto PostgresServer::* member) {
    return [member](P& p) -> auto& { return p.server.*member; };
  };
  static const Section<P> section{
      "lookup.DATABASE",
      false,
      "A table whose name you choose, with `type = \"postgres\"`: accounts in a database, for `[auth] users = "
      "\"postgres:NAME\"` (docs/accounts.md).",
      {type_row<P>("postgres"),
       row<P, std::string>("conninfo", server(&PostgresServer::conninfo),
                           text_type("text", "how to connect, without a password", check_conninfo),
                           "how to connect: \"host=db dbname=mail user=ringpost\" or a postgresql:// URL"),
       row<P, std::string>("conninfo_file", server(&PostgresServer::conninfo_file), path(),
                           "the same from a file, where it holds a password"),
       row<P, Duration>("connect_timeout", server(&PostgresServer::connect_timeout),
                        duration_type(seconds(1), minutes(5)), "wait for a connection"),
       row<P, Duration>("statement_timeout", server(&PostgresServer::statement_timeout),
                        duration_type(seconds(1), minutes(5)), "wait for an answer"),
       row<P, std::uint32_t>("connections_max", server(&PostgresServer::connections_max), count_type(1, 1000),
                             "connections at a time"),
       row("query", &P::query, text(), "the question; `$1` is the login")}};
  return section;
}

}  // namespace ringpost::config
