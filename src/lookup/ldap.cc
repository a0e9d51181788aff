#include "lookup/ldap.h"

#include <ldap.h>
#include <sys/time.h>

#include <array>
#include <limits>

#include "base/text.h"
#include "lookup/connection_pool.h"
#include "lookup/secret_file.h"

namespace ringpost::lookup {

namespace {

constexpr int entries_max = 2;  // a second one is as good as many

timeval timeval_of(Duration duration) noexcept {
  const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {.tv_sec = static_cast<time_t>(micro / 1'000'000), .tv_usec = static_cast<suseconds_t>(micro % 1'000'000)};
}

struct FreeMessage {
  void operator()(LDAPMessage* message) const noexcept { ldap_msgfree(message); }
};
using Message = std::unique_ptr<LDAPMessage, FreeMessage>;

/// What an answer means for the connection and for the question.
std::unexpected<Error> failed(int code, const std::string& what) {
  const bool broken = code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR || code == LDAP_LOCAL_ERROR ||
                      code == LDAP_ENCODING_ERROR || code == LDAP_DECODING_ERROR || code == LDAP_UNAVAILABLE;
  const ErrorKind kind = broken                 ? ErrorKind::closed
                         : code == LDAP_TIMEOUT ? ErrorKind::timed_out
                                                : ErrorKind::unavailable;
  return fail(kind, "LDAP " + what + ": " + printable(ldap_err2string(code)), temporarily_down);
}

// One connection; its libldap handle is used by one thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const LdapServer& server, const std::string& password, bool bound) {
    std::string urls;
    for (const std::string& url : server.urls) urls += (urls.empty() ? "" : " ") + url;
    LDAP* handle = nullptr;
    if (const int code = ldap_initialize(&handle, urls.c_str()); code != LDAP_SUCCESS) return failed(code, urls);
    std::unique_ptr<Connection> connection(new Connection(handle, server.operation_timeout));
    if (auto set = connection->prepare(server); !set) return propagate(set);
    if (!bound) return connection;
    auto in = connection->bind(server.bind_dn, password);
    if (!in) return propagate(in);
    if (!*in) return fail(ErrorKind::unavailable, "LDAP bind as " + server.bind_dn + " is refused", temporarily_down);
    return connection;
  }
  ~Connection() { ldap_unbind_ext(handle_, nullptr, nullptr); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::vector<LdapEntry>> search(const std::string& base, const std::string& filter,
                                        const std::vector<std::string>& attributes) {
    std::vector<char*> names;
    for (const std::string& name : attributes) names.push_back(const_cast<char*>(name.c_str()));
    names.push_back(nullptr);
    timeval timeout = timeval_of(timeout_);
    int id = 0;
    const int sent = ldap_search_ext(handle_, base.c_str(), LDAP_SCOPE_SUBTREE, filter.c_str(), names.data(), 0,
                                     nullptr, nullptr, &timeout, entries_max, &id);
    if (sent != LDAP_SUCCESS) return failed(sent, "search");
    Message answer;
    const int code = wait(id, answer);
    if (code != LDAP_SUCCESS && code != LDAP_SIZELIMIT_EXCEEDED) return failed(code, "search");
    std::vector<LdapEntry> entries;
    for (LDAPMessage* at = ldap_first_entry(handle_, answer.get()); at != nullptr; at = ldap_next_entry(handle_, at))
      entries.push_back(entry_of(at));
    return entries;
  }

  Result<bool> bind(const std::string& dn, const std::string& password) {
    berval credentials{.bv_len = password.size(), .bv_val = const_cast<char*>(password.data())};
    int id = 0;
    const int sent = ldap_sasl_bind(handle_, dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, &id);
    if (sent != LDAP_SUCCESS) return failed(sent, "bind");
    Message answer;
    switch (const int code = wait(id, answer)) {
      case LDAP_SUCCESS:
        return true;
      case LDAP_INVALID_CREDENTIALS:
      case LDAP_INAPPROPRIATE_AUTH:  // no password to compare with
      case LDAP_NO_SUCH_OBJECT:
      case LDAP_UNWILLING_TO_PERFORM:  // locked or disabled
      case LDAP_CONSTRAINT_VIOLATION:  // the same, elsewhere
      case LDAP_INSUFFICIENT_ACCESS:
        return false;
      default:
        return failed(code, "bind");
    }
  }

  Result<bool> compare(const std::string& dn, const std::string& attribute, const std::string& value) {
    berval wanted{.bv_len = value.size(), .bv_val = const_cast<char*>(value.data())};
    int id = 0;
    const int sent = ldap_compare_ext(handle_, dn.c_str(), attribute.c_str(), &wanted, nullptr, nullptr, &id);
    if (sent != LDAP_SUCCESS) return failed(sent, "compare");
    Message answer;
    switch (const int code = wait(id, answer)) {
      case LDAP_COMPARE_TRUE:
        return true;
      case LDAP_COMPARE_FALSE:
      case LDAP_NO_SUCH_ATTRIBUTE:
      case LDAP_NO_SUCH_OBJECT:
        return false;
      default:
        return failed(code, "compare");
    }
  }

 private:
  Connection(LDAP* handle, Duration timeout) : handle_(handle), timeout_(timeout) {}

  Result<void> prepare(const LdapServer& server) {
    const int version = LDAP_VERSION3;
    const timeval connect = timeval_of(server.connect_timeout);
    const timeval operation = timeval_of(server.operation_timeout);
    ldap_set_option(handle_, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(handle_, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);  // our credentials go nowhere else
    ldap_set_option(handle_, LDAP_OPT_RESTART, LDAP_OPT_ON);
    ldap_set_option(handle_, LDAP_OPT_NETWORK_TIMEOUT, &connect);
    ldap_set_option(handle_, LDAP_OPT_TIMEOUT, &operation);
    const int demand = LDAP_OPT_X_TLS_DEMAND;
    ldap_set_option(handle_, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
    if (!server.ca_file.empty() &&
        ldap_set_option(handle_, LDAP_OPT_X_TLS_CACERTFILE, server.ca_file.c_str()) != LDAP_OPT_SUCCESS)
      return fail(ErrorKind::unavailable, "LDAP cannot use the CA file " + server.ca_file, temporarily_down);
    const int as_client = 0;
    if (ldap_set_option(handle_, LDAP_OPT_X_TLS_NEWCTX, &as_client) != LDAP_OPT_SUCCESS)
      return fail(ErrorKind::unavailable, "LDAP cannot set up TLS, CA file " + server.ca_file, temporarily_down);
    if (!server.start_tls) return {};
    const int code = ldap_start_tls_s(handle_, nullptr, nullptr);
    if (code != LDAP_SUCCESS) return failed(code, "StartTLS");
    return {};
  }

  /// The result code of operation `id`; `answer` holds everything that came.
  int wait(int id, Message& answer) {
    timeval timeout = timeval_of(timeout_);
    LDAPMessage* message = nullptr;
    const int kind = ldap_result(handle_, id, LDAP_MSG_ALL, &timeout, &message);
    answer.reset(message);
    if (kind == 0) {
      ldap_abandon_ext(handle_, id, nullptr, nullptr);
      return LDAP_TIMEOUT;
    }
    int code = LDAP_SERVER_DOWN;
    if (kind < 0) {
      ldap_get_option(handle_, LDAP_OPT_RESULT_CODE, &code);
      return code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
    }
    const int parsed = ldap_parse_result(handle_, message, &code, nullptr, nullptr, nullptr, nullptr, 0);
    return parsed == LDAP_SUCCESS || parsed == LDAP_MORE_RESULTS_TO_RETURN ? code : parsed;
  }

  LdapEntry entry_of(LDAPMessage* message) {
    LdapEntry entry;
    if (char* const dn = ldap_get_dn(handle_, message); dn != nullptr) {
      entry.dn = dn;
      ldap_memfree(dn);
    }
    BerElement* at = nullptr;
    for (char* name = ldap_first_attribute(handle_, message, &at); name != nullptr;
         name = ldap_next_attribute(handle_, message, at)) {
      std::vector<std::string>& values = entry.attributes[to_lower(name)];
      if (berval** const all = ldap_get_values_len(handle_, message, name); all != nullptr) {
        for (berval** value = all; *value != nullptr; ++value) values.emplace_back((*value)->bv_val, (*value)->bv_len);
        ldap_value_free_len(all);
      }
      ldap_memfree(name);
    }
    if (at != nullptr) ber_free(at, 0);
    return entry;
  }

  LDAP* handle_;
  Duration timeout_;
};

class PooledLdap : public Ldap {
 public:
  PooledLdap(LdapServer server, std::string password)
      : server_(std::move(server)),
        password_(std::move(password)),
        service_([this] { return Connection::open(server_, password_, true); }, server_.connections_max,
                 server_.operation_timeout),
        users_([this] { return Connection::open(server_, password_, false); }, server_.connections_max,
               server_.operation_timeout) {}

  Result<std::vector<LdapEntry>> search(const std::string& base, const std::string& filter,
                                        const std::vector<std::string>& attributes) override {
    return service_.with([&](Connection& connection) { return connection.search(base, filter, attributes); });
  }
  Result<bool> bind(const std::string& dn, const std::string& password) override {
    if (dn.empty() || password.empty()) return false;
    return users_.with([&](Connection& connection) { return connection.bind(dn, password); });
  }
  Result<bool> compare(const std::string& dn, const std::string& attribute, const std::string& value) override {
    return service_.with([&](Connection& connection) { return connection.compare(dn, attribute, value); });
  }

 private:
  const LdapServer server_;
  const std::string password_;
  ConnectionPool<Connection> service_, users_;
};

}  // namespace

Result<std::unique_ptr<Ldap>> Ldap::create(const LdapServer& server) {
  if (server.urls.empty()) return fail(ErrorKind::invalid, "LDAP: no URL");
  for (const std::string& url : server.urls)
    if (ldap_is_ldap_url(url.c_str()) == 0 || url.contains(' '))
      return fail(ErrorKind::invalid, "LDAP: expected ldap://, ldaps:// or ldapi://, not " + printable(url));
  std::string password;
  if (!server.bind_password_file.empty()) {
    auto read = read_secret_file(server.bind_password_file);
    if (!read) return propagate(read);
    password = std::move(*read);
  }
  // With a name but without a password a directory takes anybody for nobody (RFC 4513 5.1.2).
  if (!server.bind_dn.empty() && password.empty())
    return fail(ErrorKind::invalid, "LDAP: bind_dn needs a bind_password_file");
  return std::make_unique<PooledLdap>(server, std::move(password));
}

std::string escape_filter_value(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : value) {
    if (is_alnum(c) || c == '@' || c == '.' || c == '-' || c == '_' || c == '+') {
      out += c;
    } else {  // more than RFC 4515 asks for, which does no harm
      out += {'\\', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
    }
  }
  return out;
}

}  // namespace ringpost::lookup
