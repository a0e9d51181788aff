// What one peer has sent and we have not yet consumed: command lines come out of it as text, message octets as the
// slices they arrived in. One order holds always: consumed <= parsed <= received, where "parsed" has been searched for
// the end of a line; no octet is searched twice.
//
// A line is copied only when it lies across slices. Few small slices may wait in a row: from then on they are joined by
// copying, so that a peer who sends an octet at a time pins a handful of receive buffers and not thousands. The sum is
// bounded by the owner (a session or the SMTP client, on its core), who stops receiving while size() is above its
// measure. Empty, it holds no memory.
//
// Standards: RFC 5321 2.3.8 (only CRLF ends a line) and 4.5.3.1.4 (limits count the CRLF).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/slice.h"

namespace ringpost::smtp {

class InputBuffer {
 public:
  static constexpr std::size_t waiting_slices_max = 4;  // from here on small neighbours are joined
  static constexpr std::size_t joined_octets_max = 4096;

  void append(io::Slice octets);
  /// Gives back the end of what take() handed out and a decoder did not consume: it becomes the front again.
  void push_front(io::Slice octets);

  /// The next complete line without its CRLF; nullopt if none is complete. The view stays valid until the next call of
  /// next_line(), take() or clear(), or until has_line() says no.
  /// Errors (the line is consumed, the next call goes on behind it): invalid, 500 5.5.2, for a bare CR or LF;
  /// too_large, 500 5.5.6, for a line of more than `octets_max` octets with its CRLF. Such a line is thrown away
  /// while it arrives and reported once, at its end.
  Result<std::optional<std::string_view>> next_line(std::size_t octets_max);
  /// The last line was cut at a bare LF: what follows, up to the next CRLF, still belongs to it and is no command.
  bool cut_at_bare_lf() const noexcept { return cut_at_bare_lf_; }
  /// next_line() would answer with a line or an error, not with nullopt. False ends the line handed out last: whoever
  /// asks is about to wait, and a session that waits must not hold a receive buffer of the kernel.
  bool has_line() noexcept {
    if (find_line_end()) return true;
    release_line();
    return false;
  }

  /// The next octets in the slice they came in, at most `octets_max` of them and never across two slices; empty if
  /// there are none. For DATA, BDAT and a TLS channel.
  io::Slice take(std::size_t octets_max);

  /// Throws everything away, also the rest of a line that is still arriving (RFC 3207 4.2: what was pipelined behind
  /// STARTTLS must not be believed).
  void clear() noexcept;
  /// Copies what lies in receive buffers of the kernel into memory of its own, for an owner whose peer is slow.
  void copy_out();

  std::size_t size() const noexcept { return static_cast<std::size_t>(received_ - consumed_); }
  bool empty() const noexcept { return received_ == consumed_; }
  bool holds_ring_buffer() const noexcept;
  /// Octets moved in user space since the beginning: lines across slices, joined and copied-out slices.
  std::uint64_t copied_octets() const noexcept { return copied_; }

 private:
  bool find_line_end() noexcept;
  std::string_view lift_line(std::size_t octets);
  void release_line() noexcept;
  void consume(std::size_t octets) noexcept;
  void pop_front() noexcept;
  void drop_all() noexcept;
  io::Slice& last() noexcept { return waiting_.empty() ? front_ : waiting_.back(); }
  void check() const noexcept;

  io::Slice front_;                 // empty only if everything is
  std::vector<io::Slice> waiting_;  // behind front_; those before first_waiting_ are used up
  std::size_t first_waiting_ = 0;
  io::Slice line_;                                          // keeps the octets of the line handed out last alive
  std::string assembled_;                                   // the line handed out last, if it lay across slices
  std::uint64_t received_ = 0, parsed_ = 0, consumed_ = 0;  // octets since the beginning
  std::uint64_t line_end_ = 0;                              // behind the first LF; 0: none found up to parsed_
  std::uint64_t copied_ = 0;
  bool cut_at_bare_lf_ = false;
  bool discarding_ = false;  // in a line that was too long; its end has not come
};

}  // namespace ringpost::smtp
