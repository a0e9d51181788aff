// Where a stranger wants the reports on his TLS, and the notes on disk: nothing may be beyond its bounds, and what was
// read is written and read as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mail/address.h"
#include "tlsrpt/journal.h"
#include "tlsrpt/rua_record.h"

namespace {

using namespace ringpost;

void check_record(const std::string& rdata) {
  const auto record = tlsrpt::parse_rua_records({rdata});
  if (!record) return;
  RINGPOST_ASSERT(record->targets.size() <= tlsrpt::RuaRecord::targets_max);
  for (const tlsrpt::ReportTarget& target : record->targets) {
    RINGPOST_ASSERT(target.uri.size() <= tlsrpt::RuaRecord::uri_octets_max);
    for (const char c : target.uri) RINGPOST_ASSERT(c > ' ' && c < '\x7f');
    if (target.kind == tlsrpt::ReportTarget::Kind::mail) {
      RINGPOST_ASSERT(mail::parse_address(target.mail, false, false).has_value());
    } else {
      RINGPOST_ASSERT(mail::valid_domain(target.host, false));
    }
  }
}

void check_journal(std::string_view text) {
  const tlsrpt::DayNotes notes = tlsrpt::parse_journal(text);
  RINGPOST_ASSERT(notes.tally.domains().size() <= tlsrpt::Tally::domains_max);
  const std::string lines = tlsrpt::journal_lines(notes.tally);
  RINGPOST_ASSERT(tlsrpt::journal_lines(tlsrpt::parse_journal(lines).tally) == lines);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  // As one character string, and as it is.
  check_record(static_cast<char>(octets.size() % 256) + std::string(octets.substr(0, octets.size() % 256)));
  check_record(std::string(octets));
  check_journal(octets);
  return 0;
}
