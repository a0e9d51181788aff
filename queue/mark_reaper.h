// Does what marks promise, a little at a time, long after the operator has his answer: removes what is dropped, moves
// what is rerouted, makes due what is to be tried again, lifts what has had its time, forgets marks that cover nothing
// any more. Walks family `message` in order of id, a bounded number of records a step; while there are errands pass
// follows pass, else one comes now and then.
//
// A mark goes when a whole pass that began after it found nothing it covers, and no lease is as old as it; a retry when
// a whole pass has been made for it. Runs on the indexer's thread, between batches.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "queue/mark.h"
#include "queue/relocation.h"

namespace ringpost::queue {

class Applier;
class Store;
struct Shared;

class MarkReaper {
 public:
  static constexpr std::size_t looked_at_max = 20'000;  // records a step

  /// All outlive it.
  MarkReaper(Store& store, Applier& applier, Shared& shared) noexcept
      : store_(store), applier_(applier), shared_(shared) {}

  /// About once a second; true: there is more to do at once. Errors: as the store's; the step is done again then.
  Result<bool> step();

 private:
  Result<void> lift_expired(WallTime now);
  bool begin_pass();
  bool is_in_vain(const Marks& marks, MonotonicTime now) const noexcept;
  Result<bool> walk();
  /// Whether something of it is to be changed.
  bool look_at(const Marks& marks, const MessageRecord& record);
  bool to_be_tried(const MessageRecord& record, std::uint32_t recipient) const;
  void make_due(const MessageRecord& record, WallTime now);
  Result<void> move(std::vector<Relocation> wanted);
  Result<void> end_pass();

  Store& store_;
  Applier& applier_;
  Shared& shared_;

  bool passing_ = false;
  bool hurry_ = false;        // the pass has errands
  MessageId next_;            // record of the pass
  std::vector<Mark> unseen_;  // marks of which the pass has met nothing yet, and the retries it is made for
  std::vector<Relocation> moves_;
  NewlyDue due_;
  MonotonicTime pass_after_{};
  bool changed_ = false;  // something, in this pass
  // The last pass with errands changed nothing, because deliveries have what is left: it is looked at less often then.
  MonotonicTime vain_until_{};
  std::uint64_t vain_generation_ = 0;  // but for new marks
  std::uint64_t pass_generation_ = 0;  // the marks that were there when the pass began
};

}  // namespace ringpost::queue
