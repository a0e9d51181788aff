// A From: field by way of the header scan, cut into pieces as octet 0 says: what is read of it is what a second reading
// finds, holds nothing that does not show, and is written back to the same mailboxes.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mail/encoded_word.h"
#include "mail/header_scan.h"
#include "mail/mailbox_list.h"

namespace {

using namespace ringpost;

bool has_control(std::string_view text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return true;
  return false;
}

void check_list(std::string_view value) {
  const auto list = mail::parse_mailbox_list(value);
  if (!list) return;
  RINGPOST_ASSERT(list->mailboxes.size() <= mail::mailboxes_max);
  RINGPOST_ASSERT(!list->mailboxes.empty() || !list->groups.empty());
  std::string again;
  for (const mail::Mailbox& mailbox : list->mailboxes) {
    RINGPOST_ASSERT(!mailbox.address.local.empty() && !mailbox.address.domain.empty());
    RINGPOST_ASSERT(!has_control(mailbox.display_name) && mail::valid_utf8(mailbox.display_name));
    RINGPOST_ASSERT(value.find('@') != std::string_view::npos);
    RINGPOST_ASSERT(mail::valid_utf8(mail::decode_words(mailbox.display_name).text));
    again.append(again.empty() ? "" : ", ").append("<").append(mailbox.address.text()).append(">");
  }
  if (again.empty()) return;
  const auto second = mail::parse_mailbox_list(again);
  RINGPOST_ASSERT(second && second->mailboxes.size() == list->mailboxes.size());
  for (std::size_t i = 0; i < list->mailboxes.size(); ++i)
    RINGPOST_ASSERT(second->mailboxes[i].address == list->mailboxes[i].address);
}

mail::OriginatorFields scan(std::string_view message, std::size_t step) {
  mail::HeaderScan header;
  header.collect_originators(true);
  for (std::size_t at = 0; at < message.size(); at += step) header.feed(message.substr(at, step));
  header.finish();
  return header.originators();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view value(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_list(value);
  const std::string message = "From:" + std::string(value) + "\r\n\r\n";
  const mail::OriginatorFields whole = scan(message, message.size());
  const mail::OriginatorFields pieces = scan(message, data[0] + 1U);
  RINGPOST_ASSERT(whole.malformed == pieces.malformed && whole.overflow == pieces.overflow);
  RINGPOST_ASSERT(whole.fields.size() == pieces.fields.size());
  std::size_t octets = 0;
  for (std::size_t i = 0; i < whole.fields.size(); ++i) {
    RINGPOST_ASSERT(whole.fields[i].value == pieces.fields[i].value);
    octets += whole.fields[i].value.size();
    check_list(whole.fields[i].value);
  }
  RINGPOST_ASSERT(octets <= mail::OriginatorFields::octets_max);
  return 0;
}
