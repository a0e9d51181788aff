// `ringpost tls-report`: what was noted for TLS reports, and sending them now.
#pragma once

#include <string>

#include "admin/options.h"

namespace ringpost::cli {

struct TlsReportArguments {
  std::string day;     // empty: today
  std::string domain;  // empty: all
  bool send = false;
};

int tls_report(const admin::Options& server, const TlsReportArguments& arguments);

}  // namespace ringpost::cli
