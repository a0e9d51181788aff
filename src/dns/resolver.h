// Questions to the DNS, from a reactor: libunbound in a thread of its own, its descriptor polled by the ring, so that
// no session waits for another one's answer. Answers are kept as long as their TTL says, within libunbound's bounded
// cache.
//
// With a trust anchor answers are validated. One that fails validation is as good as none: `unavailable`, never data.
// One resolver a reactor; everything is called on its thread.
//
// Standards: RFC 1035; RFC 4035 (validation); RFC 2308 (no data, no name).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/options.h"
#include "io/cancel.h"
#include "io/deadline.h"
#include "io/reactor.h"
#include "io/task.h"

namespace ringpost::dns {

enum class RecordType : std::uint16_t { a = 1, mx = 15, txt = 16, aaaa = 28, tlsa = 52 };

struct Answer {
  enum class Kind : std::uint8_t {
    records,
    no_records,  // the name exists, this type does not
    no_name,     // NXDOMAIN
  };
  Kind kind = Kind::no_name;
  std::string canonical;             // where CNAMEs led to, lower case, without the final dot; empty: there are none
  bool secure = false;               // validated, the absence too
  std::vector<std::string> records;  // RDATA as on the wire, names in it uncompressed; behind CNAMEs, if there are any
};

class Resolver {
 public:
  static constexpr std::size_t in_flight_max = 512;  // questions; more wait for their turn
  static constexpr std::size_t records_max = 4096;   // of one answer: as many as fit its 64 KiB
  static constexpr std::size_t cnames_max = 11;      // one behind the other; libunbound's own limit

  /// Errors: invalid (an address or a trust anchor that cannot be used), io.
  static Result<std::unique_ptr<Resolver>> create(io::Reactor& reactor, const Options& options);
  virtual ~Resolver() = default;

  /// `name` without or with its final dot. Errors: unavailable (451 4.4.3: nobody answered, SERVFAIL, too
  /// many CNAMEs, an answer of more than 64 KiB, or a forged one), invalid (no domain name), timed_out, cancelled.
  virtual io::Task<Result<Answer>> look_up(std::string name, RecordType type, io::Deadline deadline,
                                           io::Cancel cancel) = 0;
  /// Before it is destroyed; nobody may be looking anything up.
  virtual io::Task<> close() = 0;
};

}  // namespace ringpost::dns
