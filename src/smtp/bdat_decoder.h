// A message that comes in chunks of announced size. Nothing is decoded: slices pass through as they are, counted
// against the chunk and the message, and the facts run on over all chunks of the message. Bare CR and LF are recorded
// only: with BODY=BINARYMIME they are content, without it the session decides.
//
// A chunk beyond the limit is still counted to its end, because the peer is sending it whatever we think (RFC 3030 2);
// nothing of the message is put out from there on. Owned by the transaction on its core. Sans-I/O.
//
// Standards: RFC 3030 2 (CHUNKING) and 3 (BINARYMIME).
#pragma once

#include <cstdint>
#include <vector>

#include "io/slice.h"
#include "mail/body_scan.h"

namespace ringpost::smtp {

class BdatDecoder {
 public:
  /// `chunk_complete`: answer 250 (or the verdict) and wait for the next BDAT; `finished`: that was the LAST chunk.
  enum class Progress : std::uint8_t { need_more, chunk_complete, finished };
  enum class Verdict : std::uint8_t { intact, too_large };  // too_large: 552 5.3.4

  explicit BdatDecoder(std::uint64_t octets_max) noexcept : octets_max_(octets_max) {}

  /// Before the first octet: whether to keep the fields that say who the message is from (mail/originator_fields.h).
  void collect_originators(bool wanted) noexcept { scan_.collect_originators(wanted); }

  /// "BDAT octets [LAST]". A chunk of no octets is complete at once (BDAT 0 LAST). Only between chunks, and not after
  /// `finished`. The announced size is judged here, before any octet comes.
  Progress begin_chunk(std::uint64_t octets, bool last);
  /// Appends what belongs to the chunk to `out`. Only while a chunk is open.
  Progress feed(io::Slice octets, std::vector<io::Slice>& out);
  /// After chunk_complete or finished: what followed the chunk in the last slice.
  io::Slice rest() noexcept { return std::move(rest_); }

  /// Octets of the open chunk that are still to come; take no more than these and rest() stays empty.
  std::uint64_t chunk_octets_left() const noexcept { return left_; }

  /// From here on nothing more is put out, while chunks are still counted to their end.
  void discard() noexcept { discarding_ = true; }
  bool discarding() const noexcept { return discarding_ || too_large_; }

  bool finished() const noexcept { return finished_; }
  Verdict verdict() const noexcept { return too_large_ ? Verdict::too_large : Verdict::intact; }
  /// Complete once finished, and only where the verdict is `intact`.
  const mail::BodyFacts& facts() const noexcept { return scan_.facts(); }
  /// Complete when the facts are; empty where they were not asked for.
  const mail::OriginatorFields& originators() const noexcept { return scan_.originators(); }
  /// The header says "TLS-Required: No". Complete when the facts are.
  bool tls_not_required() const noexcept { return scan_.tls_not_required(); }

 private:
  Progress end_chunk();

  mail::BodyScan scan_;
  std::uint64_t octets_max_;
  std::uint64_t announced_ = 0;  // by all chunks so far; never above octets_max_
  std::uint64_t left_ = 0;
  io::Slice rest_;
  bool open_ = false, last_ = false, too_large_ = false, discarding_ = false, finished_ = false;
};

}  // namespace ringpost::smtp
