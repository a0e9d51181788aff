// The octets between "354" and the final dot: finds where they end and undoes the dot stuffing, by cutting the received
// slices, never by moving octets. Only CRLF "." CRLF ends a message, or "." CRLF as the very first line (RFC 5321
// 4.1.1.4); nothing else does, in no setting, because servers that disagreed about it let mail be smuggled
// (CVE-2023-51764, -51765, -51766).
//
// Bare CR and LF. `refuse`: the message is read to its true end and the verdict says why it cannot be accepted.
// `normalize`: each bare CR or LF is stored as CRLF. What that means for dots:
//  - A line "begins" for dot stuffing only behind a real CRLF; there its first dot is removed. Behind a bare CR or LF
//    the sender did not stuff, so nothing is removed there, and a lone dot there is text.
//  - A lone dot behind a real CRLF but ended by a bare CR or LF is neither the end (that takes CRLF) nor stuffing (that
//    takes another character on the line): it is text too.
//  - Text dots at a line start are stored as they are and `dot_at_line_start` is set: delivery stuffs them, so what
//    leaves us holds no end of data but ours.
//
// Memory: a body made of dots and bare line ends would come out as a slice for every few octets. From pieces_max pieces
// out of one input slice on, the rest of it is decoded into one copy, which is counted.
//
// Owned by the transaction's dialogue on its core. Sans-I/O.
// Standards: RFC 5321 4.1.1.4, 4.5.2, 2.3.8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/slice.h"
#include "mail/body_scan.h"

namespace ringpost::smtp {

enum class BareLineEnding : std::uint8_t { refuse, normalize };

class DataDecoder {
 public:
  enum class Progress : std::uint8_t { need_more, finished };
  /// What speaks against the message, valid once finished: `too_large` is 552 5.3.4, `bare_cr_or_lf` 550 5.6.0.
  /// A message with both faults is too_large.
  enum class Verdict : std::uint8_t { intact, bare_cr_or_lf, too_large };

  static constexpr std::size_t pieces_max = 64;

  /// `octets_max` counts the body as stored.
  DataDecoder(BareLineEnding policy, std::uint64_t octets_max) noexcept : octets_max_(octets_max), policy_(policy) {}

  /// Before the first octet: whether to keep the fields that say who the message is from (mail/originator_fields.h).
  void collect_originators(bool wanted) noexcept { scan_.collect_originators(wanted); }

  /// Appends the decoded pieces of `octets` to `out`, in order, none empty. Must not be called after `finished`.
  Progress feed(io::Slice octets, std::vector<io::Slice>& out);
  /// After `finished`: what followed the final dot in the last slice, pipelined commands; empty if nothing did.
  io::Slice rest() noexcept { return std::move(rest_); }

  /// From here on nothing more is put out, while the end is still looked for: the message cannot be stored.
  void discard() noexcept { discarding_ = true; }
  /// The message is already known not to be accepted; nothing more is put out.
  bool discarding() const noexcept { return discarding_ || verdict() != Verdict::intact; }

  bool finished() const noexcept { return finished_; }
  Verdict verdict() const noexcept {
    if (too_large_) return Verdict::too_large;
    return bare_ && policy_ == BareLineEnding::refuse ? Verdict::bare_cr_or_lf : Verdict::intact;
  }
  /// Complete once finished, and only where the verdict is `intact`; otherwise just `octets` counts on.
  const mail::BodyFacts& facts() const noexcept { return scan_.facts(); }
  /// Complete when the facts are; empty where they were not asked for.
  const mail::OriginatorFields& originators() const noexcept { return scan_.originators(); }
  /// The header says "TLS-Required: No". Complete when the facts are.
  bool tls_not_required() const noexcept { return scan_.tls_not_required(); }
  /// Some bare CR or LF was seen, whatever became of it.
  bool saw_bare_cr_or_lf() const noexcept { return bare_; }
  std::uint64_t copied_octets() const noexcept { return copied_; }

 private:
  class Output;
  // Which octets of the input are held back: none in line_start and text, CR in cr, "." in dot, "." CR in dot_cr.
  enum class State : std::uint8_t { line_start, text, cr, dot, dot_cr };

  bool step(char c, Output& output);
  void put_bare(std::string_view line_and_end, Output& output);
  void put(std::string_view octets, bool borrowed, Output& output);
  void store(std::string_view octets, std::uint64_t before, bool borrowed, Output& output);

  mail::BodyScan scan_;
  std::uint64_t octets_max_;
  std::uint64_t copied_ = 0;
  io::Slice rest_;
  BareLineEnding policy_;
  State state_ = State::line_start;
  bool bare_ = false, too_large_ = false, discarding_ = false, finished_ = false;
};

}  // namespace ringpost::smtp
