// The report of one domain and day, as JSON and as a message. Values in, octets out.
//
// Standards: RFC 8460 4.4 (JSON), 5.1 (file name), 5.3 (message), RFC 8689 (TLS-Required), RFC 3834 5.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "mail/envelope.h"
#include "tlsrpt/day.h"
#include "tlsrpt/options.h"
#include "tlsrpt/tally.h"

namespace ringpost::tlsrpt {

/// What every report of a day says of itself.
struct ReportHead {
  const Options& options;
  std::string_view hostname;  // ours
  std::string_view domain;    // whose report it is
  Day day;
  WallTime now;

  /// The day is not over: the report is of what there is, and more will follow.
  bool is_partial() const noexcept { return now < day.end(); }
  /// The same however often the report is sent, and another one on each machine.
  std::string id() const;
};

nlohmann::ordered_json report_json(const ReportHead& head, const DomainTally& tally);

struct ReportMail {
  mail::Envelope envelope;
  mail::BodyFacts facts;
  std::string octets;  // header and body
};

/// `gzipped`: the report. `to`: a mail address. Errors: invalid (an address).
Result<ReportMail> compose_report_mail(const ReportHead& head, std::string_view gzipped, const std::string& to,
                                       const MessageId& id);

}  // namespace ringpost::tlsrpt
