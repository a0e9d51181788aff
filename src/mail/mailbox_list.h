// The mailboxes of an originator field: "Ann Lee <ann@example.com>, bob@example.com". Strict on purpose, because it
// answers who a message claims to be from: what two mail programs might read differently is an error, not a guess.
//
// Taken: comments, nested up to comment_depth_max; quoted strings and quoted pairs; folding; groups (RFC 6854); source
// routes, dropped; address literals; UTF-8 (RFC 6532); a dot in a display name ("John Q. Public").
// Refused although the obsolete grammar has it: blanks or comments inside an address, empty list elements, an address
// without domain. Refused of course: controls and NUL, octets that are no UTF-8, text between or behind the mailboxes,
// and an address with invisible characters or such that turn the direction of writing.
//
// Bounded: mailboxes_max, comment_depth_max; the length of the input by its caller. One pass.
// Standards: RFC 5322 3.2 to 3.4, RFC 6854 (groups in From), RFC 6532 3 (UTF-8).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mail/address.h"

namespace ringpost::mail {

inline constexpr std::size_t mailboxes_max = 100;
inline constexpr std::size_t comment_depth_max = 8;

struct Mailbox {
  std::string display_name;  // words with a blank between, quotation marks undone, encoded words as they are
  Address address;
  std::vector<std::string> comments;  // beside this mailbox: some programs show them as its name
  bool operator==(const Mailbox&) const = default;
};

struct MailboxList {
  std::vector<Mailbox> mailboxes;   // those in groups too
  std::vector<std::string> groups;  // display names of groups
  bool operator==(const MailboxList&) const = default;
};

/// `value`: what stands behind the colon, with its folding. Errors: invalid, too_large (more than mailboxes_max). A
/// value without any mailbox is an error unless it has a group, which may be empty.
Result<MailboxList> parse_mailbox_list(std::string_view value);

}  // namespace ringpost::mail
