// What a store in a directory or a database answers strangers, so that a login that does not exist can't be told from
// one that does: SCRAM decoys in the shape of the last real keys seen, and refusals that take as long as those of wrong
// passwords lately did. (The account file knows all its accounts and does better: file_store.h.)
//
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "account/account.h"
#include "base/clock.h"

namespace ringpost::account {

class Strangers {
 public:
  Strangers();
  /// An account that exists.
  void saw(const Account& account) noexcept;
  ScramKeys decoy(std::string_view login, bool sha256) const;

  /// A wrong password of an account that exists was refused; the question began at `begin`.
  void refused_known(MonotonicTime begin) noexcept;
  /// Before an unknown login is refused: waits for the rest of the time that would take, two seconds at most.
  void wait_as_if_known(MonotonicTime begin, std::string_view password) const;

 private:
  const std::string secret_;
  std::atomic<std::uint32_t> iterations_[2] = {0, 0};  // SHA-1, SHA-256; 0: none seen
  std::atomic<std::uint32_t> salt_octets_[2] = {0, 0};
  std::atomic<std::int64_t> refusal_nanoseconds_{0};  // moving average; 0: none yet
};

}  // namespace ringpost::account
