// The sections about who is calling and what they may do: [tls], [auth], [[token_issuer]], [sender].
#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/sections.h"

namespace ringpost::config {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::array mechanisms_known = std::to_array<std::string_view>(
    {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5",
     "DIGEST-MD5", "NTLM", "SRP", "EXTERNAL", "GSSAPI", "OAUTHBEARER", "XOAUTH2"});

std::string no_check(std::string_view) {
  return {};
}

std::string check_mechanism(std::string_view text) {
  if (std::ranges::find(mechanisms_known, text) != mechanisms_known.end()) return {};
  return "'" + printable(text, 40) + "' is not a mechanism we know";
}

std::string check_url(std::string_view text) {
  if (text.empty() || text.starts_with("https://") || text.starts_with("http://")) return {};
  return "'" + printable(text) + "' is not an http URL";
}

std::string check_users(std::string_view text) {
  for (const std::string_view kind : {"file:", "ldap:", "postgres:"})
    if (text.starts_with(kind) && text.size() > kind.size()) return {};
  return "'" + printable(text) + "'";
}

std::string list_mechanisms() {
  std::string names;
  for (const std::string_view name : mechanisms_known) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

ValueType<std::string> path_type() {
  return text_type("path", "the path of a file, or \"\" for none", no_check);
}

/// An array of tables {certificate = "...", key = "...", ocsp = "..."}.
ValueType<std::vector<tls::CertificateFiles>> certificates_type() {
  using Certificates = std::vector<tls::CertificateFiles>;
  const auto read_one = [](const Node& table) -> std::expected<tls::CertificateFiles, std::string> {
    tls::CertificateFiles files;
    for (const Member& member : table.members) {
      std::string* into = member.name == "certificate" ? &files.certificate
                          : member.name == "key"       ? &files.key
                          : member.name == "ocsp"      ? &files.ocsp
                                                       : nullptr;
      if (into == nullptr || member.value.kind != Node::Kind::string)
        return std::unexpected("'" + printable(member.name, 40) + "' in it");
      *into = member.value.text;
    }
    if (files.certificate.empty() || files.key.empty()) return std::unexpected("each needs a certificate and a key");
    return files;
  };
  return {"array of tables", "an array like [{ certificate = \"tls/fullchain.pem\", key = \"tls/key.pem\" }]",
          [read_one](const Node& node) -> std::expected<Certificates, std::string> {
            if (node.kind != Node::Kind::array) return std::unexpected("");
            Certificates certificates;
            for (const Node& item : node.items) {
              if (item.kind != Node::Kind::table) return std::unexpected("");
              auto files = read_one(item);
              if (!files) return std::unexpected(std::move(files.error()));
              certificates.push_back(std::move(*files));
            }
            return certificates;
          },
          [](const Certificates& certificates) {
            std::string out;
            for (const auto& files : certificates) {
              out += (out.empty() ? "{ certificate = " : ", { certificate = ") + toml_quoted(files.certificate) +
                     ", key = " + toml_quoted(files.key);
              if (!files.ocsp.empty()) out += ", ocsp = " + toml_quoted(files.ocsp);
              out += " }";
            }
            return "[" + out + "]";
          },
          Form::toml};
}

ValueType<policy::Enforcement> enforcement_type() {
  using policy::Enforcement;
  return enum_type<Enforcement>(
      {{"enforce", Enforcement::enforce}, {"log", Enforcement::log}, {"off", Enforcement::off}});
}

}  // namespace

const Section<tls::ServerOptions>& tls_section() {
  using T = tls::ServerOptions;
  static const Section<T> section{
      "tls",
      false,
      "Certificates, and which TLS is spoken. The files are read as the user the process becomes, and read again when "
      "they "
      "change; a new one that is not usable is logged, and the old one stays in use.",
      {row("certificates", &T::certificates, certificates_type(),
           "PEM files: the certificate with its chain, its key, and an OCSP response (DER) to staple; several are "
           "chosen by "
           "SNI, the first where none matches; without any there is no TLS"),
       row("min_version", &T::min_version,
           enum_type<tls::Version>({{"1.2", tls::Version::tls_1_2}, {"1.3", tls::Version::tls_1_3}}),
           "the oldest version spoken"),
       row("client_ca", &T::client_ca, path_type(),
           "PEM file; clients are then asked for a certificate, and one signed by these may log in by EXTERNAL"),
       row("request_client_certificate", &T::request_client_certificate, bool_type(),
           "ask clients for a certificate also without `client_ca`, for `[relay] trusted_certificates`")}};
  return section;
}

const Section<Configuration>& auth_section() {
  using C = Configuration;
  static const auto sasl = [](auto sasl::Options::* member) {
    return [member](C& c) -> auto& { return c.sasl.*member; };
  };
  static const auto cache = [](auto account::CacheOptions::* member) {
    return [member](C& c) -> auto& { return c.accounts.cache.*member; };
  };
  using S = sasl::Options;
  static const Section<C> section{
      "auth",
      false,
      "Who may log in, and how (RFC 4954).",
      {row<C, std::vector<std::string>>(
           "mechanisms", sasl(&S::mechanisms),
           text_list_type("array of mechanisms", "an array of: " + list_mechanisms(), check_mechanism),
           "SASL mechanisms in the order they are offered; of these, each session is offered what its channel and the "
           "account store permit. CRAM-MD5, DIGEST-MD5 and NTLM need passwords kept in a form that can be read back"),
       row<C, std::string>(
           "users", [](C& c) -> std::string& { return c.accounts.users; },
           text_type("`file:PATH`, `ldap:NAME` or `postgres:NAME`",
                     "\"file:PATH\", \"ldap:NAME\" or \"postgres:NAME\" with a table [lookup.NAME]", check_users),
           "where accounts are kept; `ringpost user add` writes the file"),
       row<C, std::string>(
           "key_file", [](C& c) -> std::string& { return c.accounts.key_file; }, path_type(),
           "key that seals passwords which can be read back"),
       row<C, Duration>("cache.life", cache(&account::CacheOptions::life), duration_type(Duration::zero(), hours(1)),
                        "how long an answer of a directory or database, and a right password, is believed"),
       row<C, Duration>("cache.failure_life", cache(&account::CacheOptions::failure_life),
                        duration_type(Duration::zero(), hours(1)), "the same for an account that does not exist"),
       row<C, std::uint32_t>("cache.entries_max", cache(&account::CacheOptions::entries_max), count_type(1, 10'000'000),
                             "accounts kept so"),
       row<C, bool>("plaintext_without_tls", sasl(&S::plaintext_without_tls), bool_type(),
                    "AUTH also before TLS, and with it passwords anybody on the way can read"),
       row<C, bool>(
           "login_in_received", [](C& c) -> bool& { return c.server.login_in_received; }, bool_type(),
           "name the login in a comment of the Received field"),
       row<C, std::string>("realm", sasl(&S::realm), text_type("text", "a realm, or \"\" for our hostname", no_check),
                           "of DIGEST-MD5 and NTLM"),
       row<C, std::string>("keytab", sasl(&S::keytab), path_type(), "of GSSAPI; \"\": the system's")}};
  return section;
}

const Section<sasl::TokenIssuer>& token_issuer_section() {
  using T = sasl::TokenIssuer;
  const auto url = [] { return text_type("URL", "a URL, or \"\" for none", check_url); };
  const auto text = [] { return text_type("text", "a text", no_check); };
  static const Section<T> section{
      "token_issuer",
      true,
      "An authority whose tokens are believed by OAUTHBEARER and XOAUTH2 (RFC 7628). One of `keys_file`, `jwks_url` "
      "and "
      "`introspection_url` is needed.",
      {row("issuer", &T::issuer, text(), "`iss` of its tokens, exactly", "required"),
       row("audience", &T::audience, text(), "must be among `aud`; \"\": not looked at"),
       row("scope", &T::scope, text(), "must be among `scope`; \"\": not looked at"),
       row("login_claim", &T::login_claim, text(), "the claim that names the account"),
       row("keys_file", &T::keys_file, path_type(), "its keys: a JWK set or PEM"),
       row("jwks_url", &T::jwks_url, url(), "its keys: a JWK set, fetched and kept"),
       row("introspection_url", &T::introspection_url, url(), "asked about each token (RFC 7662)"),
       row("client_id", &T::client_id, text(), "who we are to it, for introspection"),
       row("client_secret_file", &T::client_secret_file, path_type(), "our secret there")}};
  return section;
}

const Section<policy::SenderOptions>& sender_section() {
  using S = policy::SenderOptions;
  static const Section<S> section{
      "sender",
      false,
      "Who may use which address; docs/senders.md names every rule.",
      {row("local_domains_require_auth", &S::local_domains_require_auth, bool_type(),
           "a client that has not logged in may not use a domain of ours, neither in MAIL FROM nor in From:; clients "
           "of "
           "`[relay] trusted_networks` may"),
       row("local_domains_from", &S::local_domains_from, networks_type(), "more networks that may"),
       row("envelope", &S::envelope, enforcement_type(),
           "MAIL FROM of a login must be an address of its account: refuse others, log them, or do not look"),
       row("header", &S::header, enforcement_type(),
           "the same for every mailbox in From:, Sender: and their Resent- forms"),
       row("display_name", &S::display_name, enforcement_type(),
           "the same for display names that are somebody else's, or protected"),
       row("protected_names", &S::protected_names,
           text_list_type("array of names", "an array of names like [\"Managing Director\"]", no_check),
           "display names that nobody may show but the account that has them"),
       row("groups", &S::groups, path_type(), "file of address groups: `NAME: ADDRESS, ADDRESS` a line")}};
  return section;
}

}  // namespace ringpost::config
