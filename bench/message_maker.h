// The messages of a load: bodies made once per size and shared by all sessions, and a header for each message with a
// token of its own (X-Ringpost-Token), by which a sink tells lost and doubled messages. Header and body together have
// exactly the size asked for, unless that is smaller than the header.
//
// Made before the threads start; constant from then on, except for the Header each session holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bench/size_mix.h"

namespace ringpost::bench {

class MessageMaker {
 public:
  /// `run` tells this run from others in the tokens.
  MessageMaker(const SizeMix& sizes, const std::string& from, const std::string& helo, std::uint32_t run);

  /// The header of one message at a time: fields of fixed width are overwritten in place.
  class Header {
   public:
    explicit Header(const MessageMaker& maker) : maker_(maker), octets_(maker.header_) {}
    /// Valid until the next call.
    std::string_view make(std::uint64_t message, WallTime now);

   private:
    const MessageMaker& maker_;
    std::string octets_;
    std::int64_t dated_second_ = -1;
  };

  std::string_view body(std::size_t kind) const noexcept { return bodies_[kind]; }
  std::size_t octets(std::size_t kind) const noexcept { return header_.size() + bodies_[kind].size(); }

 private:
  std::string header_;
  std::vector<std::string> bodies_;
  // Where the fields of fixed width lie in the header.
  std::size_t date_ = 0, id_number_ = 0, subject_number_ = 0, token_number_ = 0;
};

}  // namespace ringpost::bench
