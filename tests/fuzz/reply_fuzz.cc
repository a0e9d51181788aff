// A peer's octets as replies: in one piece and in pieces they must read the same, and what we would write of them must
// be a well-formed reply again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "smtp/extensions.h"
#include "smtp/limits.h"
#include "smtp/reply_parser.h"

namespace {

using namespace ringpost;

struct Outcome {
  std::vector<smtp::Reply> replies;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read_all(std::string_view octets, std::size_t piece) {
  Outcome outcome;
  smtp::ReplyParser parser;
  while (!octets.empty()) {
    std::string_view view = octets.substr(0, piece);
    octets.remove_prefix(view.size());
    for (;;) {
      auto reply = parser.feed(view);
      if (!reply) {
        outcome.failed = true;
        return outcome;
      }
      if (!*reply) break;
      outcome.replies.push_back(std::move(**reply));
    }
  }
  return outcome;
}

void check_written(const smtp::Reply& reply) {
  std::string octets;
  reply.append_to(octets);
  RINGPOST_ASSERT(octets.ends_with("\r\n"));
  for (std::size_t at = 0; at < octets.size();) {
    const std::size_t end = octets.find("\r\n", at) + 2;
    RINGPOST_ASSERT(end - at <= smtp::limits::reply_line_octets_max);
    RINGPOST_ASSERT((octets[at + 3] == ' ') == (end == octets.size()));
    at = end;
  }
  RINGPOST_ASSERT(reply.one_line().find_first_of("\r\n") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read_all(octets, octets.size() + 1);
  RINGPOST_ASSERT(whole == read_all(octets, 1));
  RINGPOST_ASSERT(whole == read_all(octets, 7));
  for (const smtp::Reply& reply : whole.replies) {
    check_written(reply);
    const auto offered = smtp::Extensions::from_ehlo_reply(reply);
    smtp::Extensions again;
    for (const std::string& line : offered.keyword_lines()) again.add_keyword_line(line);
    RINGPOST_ASSERT(again == offered);
  }
  return 0;
}
