// A peer's octets in, its replies out. Incremental: a reply may come in any number of pieces, several replies
// (pipelining) in one. Bounded: 100 lines, 12,288 octets kept of a line, 64 KiB a reply; above that the peer is not a
// mail server. A line may end with LF alone; that costs nothing here and old servers do it. One per connection, no I/O.
//
// Standards: RFC 5321 4.2 (form; codes 2xx to 5xx), 4.2.1 (the same code on every line), RFC 2034.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "smtp/reply.h"

namespace ringpost::smtp {

class ReplyParser {
 public:
  /// Takes octets off the front of `octets` up to the end of one reply. nullopt: all were taken, more are needed.
  /// Call again with what is left for the next reply. Errors: invalid (not a reply, codes that differ), too_large; both
  /// with 451 4.5.0, and sticky: the connection is of no more use.
  Result<std::optional<Reply>> feed(std::string_view& octets);

  /// Nothing of a reply has been read yet: at the end of a connection, whether the peer broke off in the middle.
  bool idle() const noexcept { return reply_octets_ == 0; }
  /// As new, for the next connection or after STARTTLS.
  void reset() noexcept;

 private:
  Result<bool> take_line(std::string_view line);  // true: it was the last of the reply
  Result<std::optional<Reply>> broken(ErrorKind kind, std::string why);

  Reply reply_;
  std::string partial_;  // a line whose end has not come, at most peer_reply_line_octets_max
  std::size_t reply_octets_ = 0;
  std::size_t lines_ = 0;
  std::optional<Error> failure_;
};

}  // namespace ringpost::smtp
