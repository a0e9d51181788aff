#include "tlsrpt/report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "tlsrpt/gzip.h"

namespace ringpost::tlsrpt {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

Options company() {
  return {.enabled = true,
          .organization = "Company-X",
          .contact = "sts-reporting@company-x.example",
          .from = "tlsrpt@company-x.example",
          .ca_file = {}};
}

// The example of RFC 8460, appendix B.
DomainTally example() {
  Tally tally;
  const Policy policy{PolicyType::sts,
                      {"version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"},
                      {"*.mail.company-y.example"}};
  PolicyTally sums;
  sums.successes = 5326;
  sums.add({FailureKind::certificate_expired, "2001:db8:abcd:12::1", "mx1.mail.company-y.example", "", "", ""}, 100);
  sums.add({FailureKind::starttls_not_supported, "2001:db8:abcd:13::1", "mx2.mail.company-y.example", "",
            "203.0.113.56", ""},
           200);
  sums.add({FailureKind::validation_failure, "198.51.100.62", "mx-backup.mail.company-y.example", "", "203.0.113.58",
            "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"},
           3);
  tally.add("company-y.example", policy, sums);
  return tally.domains().at("company-y.example");
}

constexpr Day day{16'892};  // of the example

TEST(Report, HasTheShapeOfTheStandardsExample) {
  const Options options = company();
  const ReportHead head{options, "mail.company-x.example", "company-y.example", day, {day.end().milliseconds + 1}};
  const auto wanted = ordered_json::parse(R"({
    "organization-name": "Company-X",
    "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "2016-04-01.company-y.example@mail.company-x.example",
    "policies": [{
      "policy": {
        "policy-type": "sts",
        "policy-string": ["version: STSv1","mode: testing", "mx: *.mail.company-y.example","max_age: 86400"],
        "policy-domain": "company-y.example",
        "mx-host": ["*.mail.company-y.example"]
      },
      "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
      "failure-details": [{
        "result-type": "starttls-not-supported",
        "sending-mta-ip": "2001:db8:abcd:13::1",
        "receiving-mx-hostname": "mx2.mail.company-y.example",
        "receiving-ip": "203.0.113.56",
        "failed-session-count": 200
      }, {
        "result-type": "certificate-expired",
        "sending-mta-ip": "2001:db8:abcd:12::1",
        "receiving-mx-hostname": "mx1.mail.company-y.example",
        "failed-session-count": 100
      }, {
        "result-type": "validation-failure",
        "sending-mta-ip": "198.51.100.62",
        "receiving-mx-hostname": "mx-backup.mail.company-y.example",
        "receiving-ip": "203.0.113.58",
        "failed-session-count": 3,
        "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"
      }]
    }]
  })");
  EXPECT_EQ(report_json(head, example()).dump(1), wanted.dump(1));
}

TEST(Report, ADomainWithoutAPolicyAndWithoutFailuresHasOnlyWhatItNeeds) {
  Tally tally;
  tally.add({"d.example", {}, {}});
  const Options options = company();
  const ReportHead head{options, "h.example", "d.example", day, day.end()};
  EXPECT_EQ(report_json(head, tally.domains().at("d.example"))["policies"],
            ordered_json::parse(R"([{"policy": {"policy-type": "no-policy-found", "policy-domain": "d.example"},
                "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0}}])"));
}

TEST(Report, OfADayThatIsNotOverSaysWhenItWasMade) {
  const Options options = company();
  const ReportHead head{options, "h.example", "d.example", day, {day.begin().milliseconds + 3'600'000}};
  const auto json = report_json(head, {});
  EXPECT_EQ(json["date-range"]["end-datetime"], "2016-04-01T01:00:00Z");
  EXPECT_NE(json["report-id"], "2016-04-01.d.example@h.example");
}

TEST(Report, AsAMessageHasTheFieldsOfTheStandard) {
  const Options options = company();
  const ReportHead head{options, "mail.company-x.example", "company-y.example", day, {day.end().milliseconds + 1}};
  const auto mail = compose_report_mail(head, std::string(100, '\xff'), "reports@company-y.example", MessageId{});
  ASSERT_TRUE(mail) << mail.error().reason;
  for (const char* field :
       {"From: <tlsrpt@company-x.example>\r\n", "To: <reports@company-y.example>\r\n",
        "Subject: Report Domain: company-y.example\r\n Submitter: mail.company-x.example\r\n"
        " Report-ID: <2016-04-01.company-y.example@mail.company-x.example>\r\n",
        "TLS-Report-Domain: company-y.example\r\n", "TLS-Report-Submitter: mail.company-x.example\r\n",
        "TLS-Required: No\r\n", "multipart/report; report-type=\"tlsrpt\"", "Content-Type: application/tlsrpt+gzip\r\n",
        "filename=\"mail.company-x.example!company-y.example!1459468800!1459555199.json.gz\""})
    EXPECT_THAT(mail->octets, HasSubstr(field));
  EXPECT_EQ(mail->envelope.reverse_path.text(), "tlsrpt@company-x.example");
  EXPECT_EQ(mail->envelope.tls, mail::TlsWish::optional);
  EXPECT_EQ(mail->envelope.recipients.at(0).notify.bits, mail::Notify::never);
  EXPECT_EQ(mail->facts.octets, mail->octets.size());
  EXPECT_LE(mail->facts.line_octets_max, 998U);
  EXPECT_FALSE(mail->facts.eight_bit);
}

TEST(Gzip, IsOneMemberOfItsOwnFormat) {
  const std::string plain(100'000, 'x');
  const auto packed = gzip(plain);
  ASSERT_TRUE(packed);
  EXPECT_TRUE(packed->starts_with("\x1f\x8b\x08"));
  EXPECT_LT(packed->size(), 1'000U);
  const std::string_view octets(packed->data() + packed->size() - 4, 4);  // RFC 1952 2.3.1: ISIZE
  std::uint32_t size = 0;
  for (std::size_t i = 4; i-- > 0;) size = size << 8 | static_cast<unsigned char>(octets[i]);
  EXPECT_EQ(size, plain.size());
}

}  // namespace
}  // namespace ringpost::tlsrpt
