#include "queue/lift_marks.h"

#include <algorithm>

namespace ringpost::queue {
namespace {

// By number a drop or a reroute can be stopped too: what it has not reached yet stays.
bool lifts(MarkKind kind, const Mark& mark) noexcept {
  return (mark.kind == MarkKind::suspend) == (kind == MarkKind::suspend);
}

Result<std::vector<Mark>> none_found(MarkKind kind) {
  return fail(ErrorKind::not_found, kind == MarkKind::suspend
                                        ? "no suspension with this selector; `queue suspensions` lists what there is"
                                        : "nothing is held; `queue suspensions` lists what there is");
}

Result<std::vector<Mark>> remove_some(Steering& steering, MarkKind kind, const std::vector<std::uint64_t>& ids) {
  auto removed = steering.remove(ids);
  if (removed && removed->empty()) return none_found(kind);
  return removed;
}

}  // namespace

Result<std::vector<Mark>> lift_marks(Steering& steering, MarkKind kind, const Selector& selector,
                                     const std::vector<std::uint64_t>& ids) {
  const auto marks = steering.current().get();
  std::vector<std::uint64_t> lifted;
  bool others_hold = false;
  for (const Mark& mark : marks->all) {
    if (!lifts(kind, mark)) continue;
    if (!ids.empty()) {
      if (std::ranges::find(ids, mark.id) != ids.end()) lifted.push_back(mark.id);
      continue;
    }
    if (is_an_errand(mark.kind)) continue;
    const bool same = selector.empty() || (mark.kind != MarkKind::release && mark.selector == selector);
    if (same) {
      lifted.push_back(mark.id);
    } else {
      others_hold = others_hold || mark.kind == MarkKind::hold;
    }
  }
  if (kind == MarkKind::suspend || !others_hold) return remove_some(steering, kind, lifted);
  // Another hold may cover what is to be released: an exception from it.
  auto added = steering.add({.kind = MarkKind::release, .selector = selector});
  if (!added) return propagate(added);
  auto removed = steering.remove(lifted);
  if (!removed) return propagate(removed);
  removed->push_back(std::move(*added));
  return removed;
}

}  // namespace ringpost::queue
