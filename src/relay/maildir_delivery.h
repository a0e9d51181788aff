// Final delivery into Maildirs: one file for each recipient, "Return-Path:" and "Delivered-To:" in front, then the
// message octet by octet as it lies in the queue (lines end with CRLF). Small messages take one trip to a helper
// thread, large ones one for every piece, so memory stays bounded.
//
// Standards: RFC 5321 4.4 (Return-Path at final delivery).
#pragma once

#include <string>

#include "io/offload.h"
#include "io/task.h"
#include "relay/outcome.h"
#include "relay/work.h"

namespace ringpost::relay {

class MaildirDelivery {
 public:
  /// `helpers` outlives it. `hostname` becomes part of the file names.
  MaildirDelivery(io::OffloadPool& helpers, std::string hostname) noexcept
      : helpers_(helpers), hostname_(std::move(hostname)) {}

  /// `work` outlives the call, which ends when the disk has said yes or no to everything.
  io::Task<Statuses> deliver(std::string path_template, Work& work);

 private:
  io::OffloadPool& helpers_;
  std::string hostname_;
};

}  // namespace ringpost::relay
