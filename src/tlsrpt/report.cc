#include "tlsrpt/report.h"

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/random.h"
#include "mail/body_scan.h"
#include "mail/trace.h"

namespace ringpost::tlsrpt {

using nlohmann::ordered_json;

namespace {

constexpr std::size_t base64_line_octets = 76;

/// "2026-11-26T00:00:00Z".
std::string date_time(WallTime time) {
  return rfc3339(time).substr(0, 19) + "Z";
}

WallTime last_second(const ReportHead& head) {
  return head.is_partial() ? head.now : WallTime{head.day.end().milliseconds - 1000};
}

ordered_json policy_json(const Policy& policy, std::string_view domain) {
  ordered_json json{{"policy-type", policy_type_names[static_cast<std::size_t>(policy.type)]}};
  if (!policy.text.empty()) json["policy-string"] = policy.text;
  json["policy-domain"] = domain;
  if (!policy.hosts.empty()) json["mx-host"] = policy.hosts;
  return json;
}

ordered_json failure_json(const Failure& failure, std::uint64_t count) {
  ordered_json json{{"result-type", failure_kind_names[static_cast<std::size_t>(failure.kind)]}};
  for (const auto& [key, value] : {std::pair{"sending-mta-ip", &failure.sending_ip},
                                   {"receiving-mx-hostname", &failure.mx_host},
                                   {"receiving-mx-helo", &failure.mx_helo},
                                   {"receiving-ip", &failure.receiving_ip}})
    if (!value->empty()) json[key] = *value;
  json["failed-session-count"] = count;
  if (!failure.reason.empty()) json["failure-reason-code"] = failure.reason;
  return json;
}

std::string in_lines(const std::string& base64) {
  std::string lines;
  for (std::size_t at = 0; at < base64.size(); at += base64_line_octets)
    lines += base64.substr(at, base64_line_octets) + "\r\n";
  return lines;
}

}  // namespace

std::string ReportHead::id() const {
  std::string id = day.text() + "." + std::string(domain);
  if (is_partial()) id += "." + std::to_string(now.milliseconds);
  return id + "@" + std::string(hostname);
}

ordered_json report_json(const ReportHead& head, const DomainTally& tally) {
  ordered_json policies = ordered_json::array();
  for (const auto& [policy, sums] : tally) {
    ordered_json entry{
        {"policy", policy_json(policy, head.domain)},
        {"summary",
         {{"total-successful-session-count", sums.successes}, {"total-failure-session-count", sums.failures}}}};
    ordered_json details = ordered_json::array();
    for (const auto& [failure, count] : sums.details) details.push_back(failure_json(failure, count));
    if (!details.empty()) entry["failure-details"] = std::move(details);
    policies.push_back(std::move(entry));
  }
  return {
      {"organization-name", head.options.organization},
      {"date-range", {{"start-datetime", date_time(head.day.begin())}, {"end-datetime", date_time(last_second(head))}}},
      {"contact-info", head.options.contact},
      {"report-id", head.id()},
      {"policies", std::move(policies)}};
}

Result<ReportMail> compose_report_mail(const ReportHead& head, std::string_view gzipped, const std::string& to,
                                       const MessageId& id) {
  ReportMail mail;
  auto sender = mail::parse_address(head.options.sender(), false, true);
  if (!sender) return propagate(sender);
  auto recipient = mail::parse_address(to, false, false);
  if (!recipient) return propagate(recipient);
  const std::string domain(head.domain), submitter(head.hostname);
  const std::string boundary = "tlsrpt-" + std::to_string(random_u64());
  const auto seconds = [](WallTime time) { return std::to_string(time.milliseconds / 1000); };
  const std::string file =
      submitter + "!" + domain + "!" + seconds(head.day.begin()) + "!" + seconds(last_second(head)) + ".json.gz";
  std::string& out = mail.octets;
  out = mail::date_field(head.now) + mail::message_id_field(id, head.hostname);
  out += "From: <" + sender->text() + ">\r\nTo: <" + recipient->text() + ">\r\n";
  out +=
      "Subject: Report Domain: " + domain + "\r\n Submitter: " + submitter + "\r\n Report-ID: <" + head.id() + ">\r\n";
  out += "TLS-Report-Domain: " + domain + "\r\nTLS-Report-Submitter: " + submitter + "\r\n";
  out += "TLS-Required: No\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  out += "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  out += "--" + boundary + "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
  out += "This is a report of " + submitter + " on the TLS of its sessions\r\nwith the mail hosts of " + domain +
         " on " + head.day.text() + " (UTC).\r\n\r\n";
  out += "--" + boundary + "\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n";
  out += "Content-Disposition: attachment;\r\n filename=\"" + file + "\"\r\n\r\n";
  out += in_lines(base64_encode(gzipped));
  out += "--" + boundary + "--\r\n";
  mail::BodyScan scan;
  scan.feed(out);
  scan.finish();
  mail.facts = scan.facts();
  mail.envelope.reverse_path = std::move(*sender);
  // Whoever cannot be reached has lost a report, and nobody here wants to read of it.
  mail.envelope.recipients.push_back({std::move(*recipient), {mail::Notify::never}, {}});
  mail.envelope.tls = mail::TlsWish::optional;
  mail.envelope.origin.listener = "tls report";
  mail.envelope.origin.trusted = true;
  mail.envelope.received = head.now;
  return mail;
}

}  // namespace ringpost::tlsrpt
