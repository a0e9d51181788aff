#include "app/grants.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "relay/next_hop.h"

namespace ringpost::app {

namespace {

using sandbox::Access;
using sandbox::Grant;

// Read by libc (names, users, time zones), OpenSSL and GnuTLS inside libcurl, libldap and libpq, Kerberos, ICU, and by
// whatever those load when they are first used.
constexpr auto system_to_read = std::to_array<const char*>({
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/usr",
    // /etc/resolv.conf is often a link into one of these; the sockets of name services lie in others
    "/run/NetworkManager",
    "/run/nscd",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/run/systemd/userdb",
    "/var/lib/ca-certificates",
    "/var/lib/sss",
    // the process itself, the machine, and what the control group allows
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/proc/sys",
    "/sys/block",
    "/sys/dev/block",
    "/sys/devices",
    "/sys/fs/cgroup",
    "/sys/kernel/mm",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
});

// Files of the library behind a lookup or a mechanism, named by its environment.
constexpr auto variables_of_files = std::to_array<const char*>(
    {"KRB5_CONFIG", "KRB5_KTNAME", "KRB5_CLIENT_KTNAME", "LDAPCONF", "LDAPRC", "PGPASSFILE", "PGSERVICEFILE",
     "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL", "SSL_CERT_FILE", "CURL_CA_BUNDLE"});

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

class Collection {
 public:
  explicit Collection(const Surroundings& system) noexcept : system_(system) {}
  std::string variable(const char* name) const { return system_.variable(name); }

  void add(std::string path, Access access) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (!path.starts_with('/') || sandbox::covers(grants_, path, access)) return;
    grants_.push_back({std::move(path), access});
  }
  /// A file that may be replaced by another of the same name: its directory.
  void add_file(const std::string& path, Access access = Access::read) {
    if (!path.starts_with('/')) return;
    add(directory_of(path), access);
    add(directory_of(system_.real_path(path)), access);
  }
  /// "FILE:/a", "/a:/b": every absolute path in it.
  void add_variable(const char* name, Access access) {
    const std::string value = variable(name);
    for (std::size_t begin = 0; begin <= value.size();) {
      const std::size_t end = std::min(value.find(':', begin), value.size());
      add_file(value.substr(begin, end - begin), access);
      begin = end + 1;
    }
  }
  std::vector<Grant> take() { return std::move(grants_); }

 private:
  const Surroundings& system_;
  std::vector<Grant> grants_;
};

/// sslrootcert=/etc/x.pem in the words of libpq (conninfo or URL): whatever follows a '=' and is an absolute path.
void add_conninfo(Collection& grants, const std::string& conninfo) {
  constexpr std::string_view ends = " \t\n'&";
  for (auto at = conninfo.find('='); at != std::string::npos; at = conninfo.find('=', at + 1)) {
    auto begin = at + 1;
    while (begin < conninfo.size() && ends.contains(conninfo[begin]) && conninfo[begin] != '&') ++begin;
    const auto end = std::min(conninfo.find_first_of(ends, begin), conninfo.size());
    grants.add_file(conninfo.substr(begin, end - begin));
  }
}

void add_next_hop(Collection& grants, const std::string& text) {
  const auto hop = relay::parse_next_hop(text);
  if (hop && hop->kind == relay::NextHop::Kind::maildir) grants.add(constant_part(hop->path), Access::write);
}

void add_written(Collection& grants, const config::Configuration& c) {
  grants.add(c.data_dir, Access::write);
  for (const auto& domain : c.relay_access.domains) add_next_hop(grants, domain.deliver);
  for (const auto& route : c.relay.routes) {
    for (const std::string& hop : route.next_hops) add_next_hop(grants, hop);
    grants.add_file(route.auth.refresh_token_file, Access::write);  // a new one is renamed over it
  }
  for (const std::string& path : c.security.write_paths) grants.add(path, Access::write);
  grants.add("/dev/null", Access::write);
}

void add_kerberos(Collection& grants, const config::Configuration& c) {
  if (std::ranges::find(c.sasl.mechanisms, "GSSAPI") == c.sasl.mechanisms.end()) return;
  // The replay cache; without it no ticket is believed.
  const std::string chosen = grants.variable("KRB5RCACHEDIR"), temporary = grants.variable("TMPDIR");
  grants.add(!chosen.empty() ? chosen : !temporary.empty() ? temporary : "/var/tmp", Access::write);
  grants.add_variable("KRB5RCACHENAME", Access::write);
}

void add_read(Collection& grants, const config::Configuration& c) {
  for (const auto& files : c.tls.certificates)
    for (const std::string* path : {&files.certificate, &files.key, &files.ocsp}) grants.add_file(*path);
  for (const std::string* path : {&c.tls.client_ca, &c.accounts.key_file, &c.sasl.keytab, &c.sender.groups,
                                  &c.dns.trust_anchor, &c.admin.token_file})
    grants.add_file(*path);
  if (c.accounts.users.starts_with("file:")) grants.add_file(c.accounts.users.substr(5));
  for (const auto& [name, ldap] : c.accounts.ldap) {
    grants.add_file(ldap.server.ca_file);
    grants.add_file(ldap.server.bind_password_file);
  }
  for (const auto& [name, postgres] : c.accounts.postgres) {
    grants.add_file(postgres.server.conninfo_file);
    add_conninfo(grants, postgres.server.conninfo);
  }
  for (const auto& issuer : c.sasl.oauth2)
    for (const std::string* path : {&issuer.keys_file, &issuer.client_secret_file}) grants.add_file(*path);
  for (const auto& domain : c.relay_access.domains)
    if (domain.recipients.starts_with("file:")) grants.add_file(domain.recipients.substr(5));
  for (const auto& route : c.relay.routes)
    for (const std::string* path :
         {&route.tls_options.ca_file, &route.tls_options.certificate, &route.tls_options.key, &route.auth.password_file,
          &route.auth.client_secret_file, &route.egress_proxy_password_file})
      grants.add_file(*path);
  grants.add_file(c.relay.handoff.tls_options.ca_file);
  grants.add_file(c.tls_report.ca_file);
  if (!c.queue.report_templates.empty()) grants.add(c.queue.report_templates, Access::read);
  for (const std::string& path : c.security.read_paths) grants.add(path, Access::read);
}

}  // namespace

const Surroundings& surroundings() {
  static const Surroundings real{.variable =
                                     [](const char* name) {
                                       const char* value = std::getenv(name);
                                       return std::string(value != nullptr ? value : "");
                                     },
                                 .real_path =
                                     [](const std::string& path) {
                                       std::error_code error;
                                       const auto resolved = std::filesystem::canonical(path, error);
                                       return error ? path : resolved.string();
                                     }};
  return real;
}

std::string constant_part(const std::string& maildir_template) {
  const auto brace = maildir_template.find('{');
  return brace == std::string::npos ? maildir_template : directory_of(maildir_template.substr(0, brace));
}

std::vector<Grant> grants_for(const config::Configuration& configuration, const std::string& config_path,
                              const Surroundings& system) {
  Collection grants(system);
  add_written(grants, configuration);
  add_kerberos(grants, configuration);
  for (const char* path : system_to_read) grants.add(path, Access::read);
  grants.add_file(config_path);
  add_read(grants, configuration);
  for (const char* name : variables_of_files) grants.add_variable(name, Access::read);
  const std::string home = system.variable("HOME");
  if (home.starts_with('/') && !configuration.accounts.postgres.empty())
    for (const char* name : {"/.pgpass", "/.pg_service.conf", "/.postgresql"}) grants.add(home + name, Access::read);
  if (home.starts_with('/') && !configuration.accounts.ldap.empty())
    for (const char* name : {"/ldaprc", "/.ldaprc"}) grants.add(home + name, Access::read);
  return grants.take();
}

Result<void> suffices(const std::vector<Grant>& granted, const std::vector<Grant>& wanted) {
  for (const Grant& grant : wanted) {
    if (sandbox::covers(granted, grant.path, grant.access)) continue;
    return fail(ErrorKind::refused, grant.path + " was not among the paths that this process was granted at its start" +
                                        (grant.access == Access::write ? " for writing" : "") +
                                        ": it needs a restart (or [security] read_paths and write_paths)");
  }
  return {};
}

}  // namespace ringpost::app
