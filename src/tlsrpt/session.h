// What is noted of one session with a mail host: by which policy of the domain it was to be protected, and whether it
// was. Plain values; an Observer takes them.
//
// Standards: RFC 8460 4.2 (policy), 4.3 (kinds of failures).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::tlsrpt {

enum class PolicyType : std::uint8_t { none, tlsa, sts };

/// Names as they stand in reports, in the order of PolicyType.
inline constexpr std::array<std::string_view, 3> policy_type_names{"no-policy-found", "tlsa", "sts"};

enum class FailureKind : std::uint8_t {
  starttls_not_supported,
  certificate_host_mismatch,
  certificate_expired,
  certificate_not_trusted,
  validation_failure,  // any other trouble with TLS
  tlsa_invalid,        // TLSA records, and none that mail can use
  dnssec_invalid,      // no answer about them, or a forged one
  dane_required,       // our route wants DANE, and there is none
  sts_policy_fetch_error,
  sts_policy_invalid,
  sts_webpki_invalid,  // the certificate of the policy's web server
};

/// The same, in the order of FailureKind.
inline constexpr std::array<std::string_view, 11> failure_kind_names{
    "starttls-not-supported", "certificate-host-mismatch",
    "certificate-expired",    "certificate-not-trusted",
    "validation-failure",     "tlsa-invalid",
    "dnssec-invalid",         "dane-required",
    "sts-policy-fetch-error", "sts-policy-invalid",
    "sts-webpki-invalid",
};

struct Policy {
  PolicyType type = PolicyType::none;
  std::vector<std::string> text;   // lines of an MTA-STS policy, or TLSA records
  std::vector<std::string> hosts;  // patterns of an MTA-STS policy, or the host that the TLSA records stand at
  auto operator<=>(const Policy&) const = default;
};

struct Failure {
  FailureKind kind = FailureKind::validation_failure;
  std::string sending_ip{};
  std::string mx_host{};
  std::string mx_helo{};  // what the host called itself
  std::string receiving_ip{};
  std::string reason{};  // in words; may be empty, as all but `kind`
  auto operator<=>(const Failure&) const = default;
};

struct Session {
  std::string domain;  // whose policy it is; lower case
  Policy policy;
  std::optional<Failure> failure;  // nothing: it was protected as the policy asks
};

/// Who takes notes. On the core of whoever calls.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void note(Session session) = 0;
};

}  // namespace ringpost::tlsrpt
