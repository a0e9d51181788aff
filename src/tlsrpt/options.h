// What the TLS reports are told. Filled by config/.
#pragma once

#include <string>

namespace ringpost::tlsrpt {

/// [tls_report]
struct Options {
  bool enabled = false;
  std::string organization;  // who reports
  std::string contact;       // a mail address
  std::string from;          // of the reports; empty: `contact`
  std::string ca_file;       // whom the web servers that take reports must be of; empty: the system's authorities

  const std::string& sender() const noexcept { return from.empty() ? contact : from; }
};

}  // namespace ringpost::tlsrpt
