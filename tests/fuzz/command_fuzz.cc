// Command lines with their arguments, and addresses: whatever is accepted must have kept its promises.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mail/address.h"
#include "mail/xtext.h"
#include "smtp/command.h"
#include "smtp/params.h"

namespace {

using namespace ringpost;

/// What we print is what we meant: the text of an address parses to the same address.
void check_address(const mail::Address& address, bool smtputf8, bool reverse) {
  const std::string text = address.text();
  RINGPOST_ASSERT(text.find_first_of("\r\n") == std::string::npos);
  // Quoting may have been dropped or an escape added, so only the path's limit may stand in the way.
  if (text.size() + 2 > mail::path_octets_max) return;
  const auto again = mail::parse_address(text, smtputf8, reverse);
  RINGPOST_ASSERT(again && *again == address);
}

void check_arguments(std::string_view argument, const smtp::Extensions& offered) {
  if (const auto command = smtp::parse_mail(argument, offered)) {
    check_address(command->reverse_path, command->smtputf8, true);
    RINGPOST_ASSERT(command->smtputf8 || !command->reverse_path.needs_utf8());
    RINGPOST_ASSERT(mail::valid_xtext(command->envelope_id));
    RINGPOST_ASSERT(command->priority.value_or(0) >= -9 && command->priority.value_or(0) <= 9);
    RINGPOST_ASSERT(!command->hold_for_seconds || (*command->hold_for_seconds > 0 && !command->hold_until));
    RINGPOST_ASSERT(!command->by || smtp::parse_by(smtp::to_string(*command->by)) == command->by);
  }
  for (const bool smtputf8 : {false, true}) {
    if (const auto recipient = smtp::parse_rcpt(argument, offered, smtputf8)) {
      check_address(recipient->address, smtputf8, false);
      RINGPOST_ASSERT(!recipient->address.is_null());
      RINGPOST_ASSERT(recipient->original_recipient.find_first_of(" \r\n") == std::string::npos);
    }
  }
  (void)smtp::parse_bdat(argument);
  if (const auto helo = smtp::parse_helo(argument)) RINGPOST_ASSERT(!helo->empty() && helo->size() <= 255);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  smtp::Extensions offered;
  offered.size = offered.eight_bit_mime = offered.chunking = offered.binary_mime = true;
  offered.smtputf8 = offered.dsn = offered.requiretls = offered.mt_priority = offered.deliver_by = true;
  offered.future_release_seconds = 1;
  if (const auto command = smtp::parse_command(line)) {
    RINGPOST_ASSERT(!command->word.empty());
    check_arguments(command->argument, offered);
    check_arguments(command->argument, {});
  }
  check_arguments(line, offered);
  for (const bool smtputf8 : {false, true}) {
    if (const auto address = mail::parse_address(line, smtputf8, true)) check_address(*address, smtputf8, true);
  }
  if (const auto octets = mail::decode_xtext(line)) {
    RINGPOST_ASSERT(mail::decode_xtext(mail::encode_xtext(*octets)).value() == *octets);
  }
  return 0;
}
