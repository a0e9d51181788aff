// What was noted, on disk: one file for each day, to which every worker's notes of a few seconds are appended, and who
// got the report of the day. A crash loses what was not appended yet; a line that was torn by one is passed over.
//
// The file FOLDER/DAY.log (Day::text()), one JSON object a line:
//   {"domain":D,"type":"sts","text":[...],"hosts":[...],"successes":N,
//    "details":[{"kind":K,"count":N,"sending_ip":S,"mx_host":S,"mx_helo":S,"receiving_ip":S,"reason":S},...]}
//   {"settled":D,"target":URI}          the report went there; URI "*": nothing is left to do for the domain
// Lines about the same domain and policy add up. A file that grows beyond octets_max is written anew with its sums;
// where they alone are nearly as much, further notes of the day are dropped.
//
// Any thread; it reads and writes files: for helper threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tlsrpt/day.h"
#include "tlsrpt/tally.h"

namespace ringpost::tlsrpt {

/// All that is known of a day.
struct DayNotes {
  Tally tally;
  std::set<std::pair<std::string, std::string>> settled;  // domain and target

  bool is_settled(const std::string& domain, const std::string& target) const {
    return settled.contains({domain, target});
  }
};

class Journal {
 public:
  static constexpr std::uint64_t octets_max = 16 * 1024 * 1024;  // of a file
  static constexpr std::int64_t days_kept = 8;                   // older files are deleted
  static constexpr const char* everything = "*";                 // as a target

  /// The folder is made when there is something to write.
  explicit Journal(std::string folder, std::uint64_t file_octets_max = octets_max)
      : folder_(std::move(folder)), octets_max_(file_octets_max) {}

  /// Errors: io, no_space (the disk, or the day has too much).
  Result<void> append(Day day, const Tally& tally);
  Result<void> settle(Day day, const std::string& domain, const std::string& target);
  /// Of a day without a file: nothing.
  DayNotes read(Day day) const;
  /// Those that have a file, the oldest first. Deletes files that are older than days_kept on `today`.
  std::vector<Day> days(Day today);

 private:
  std::string path_of(Day day) const;
  Result<void> write(Day day, const std::string& lines);
  Result<void> write_anew(Day day);

  const std::string folder_;
  const std::uint64_t octets_max_;
  std::mutex mutex_;  // protects the files from two writers
};

/// The lines of a file, and back: what is no line of ours is passed over.
std::string journal_lines(const Tally& tally);
DayNotes parse_journal(std::string_view text);

}  // namespace ringpost::tlsrpt
