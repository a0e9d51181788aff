// The words of a report for people: a subject and lines with ${placeholders}, built in or from an operator's folder,
// one file a kind: failure.txt, delay.txt, success.txt, double_bounce.txt; what is not there is built in. A file may
// begin with "Subject: ..." and an empty line. Octets in, octets out, but for read_report_texts().
//
//   ${hostname} ${sender} ${postmaster} ${message} ${arrived} ${retry_until}   stand anywhere
//   ${recipients}                                                              alone on its line: a few lines for each
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"
#include "queue/report_policy.h"

namespace ringpost::queue {

struct ReportText {
  std::string subject;  // ASCII, one line
  std::string body;     // UTF-8, lines end with LF
};

struct ReportTexts {
  ReportTexts();  // our own words
  const ReportText& of(ReportKind kind) const noexcept { return texts[static_cast<std::size_t>(kind)]; }
  std::array<ReportText, report_kinds> texts;
};

struct ReportFacts {
  std::string_view hostname, sender, message, arrived, retry_until;  // each printable, one line
  std::string_view recipients;                                       // lines with CRLF
};

/// Without a Subject of its own it keeps that of `standard`. Errors: invalid, with the line in the reason.
Result<ReportText> parse_report_text(std::string_view octets, const ReportText& standard);
/// Lines with CRLF, none longer than RFC 5322 allows.
std::string fill_report_text(std::string_view body, const ReportFacts& facts);
/// Errors: not_found, io, invalid; the file in the reason. `folder` empty: our own words. Blocking.
Result<ReportTexts> read_report_texts(const std::string& folder);

}  // namespace ringpost::queue
