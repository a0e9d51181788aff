#include "queue/steering.h"

#include <algorithm>

#include "queue/store.h"

namespace ringpost::queue {
namespace {

// Whether `mark` makes what `older` says superfluous.
bool replaces(const Mark& mark, const Mark& older) {
  return older.kind == mark.kind && older.selector == mark.selector && !older.received_before && !mark.received_before;
}

Result<void> check(const Mark& mark) {
  const Selector& selector = mark.selector;
  if (selector.state) return fail(ErrorKind::invalid, "the state of a message changes: it cannot be marked by it");
  if (selector.ids.size() > Steering::ids_max)
    return fail(ErrorKind::invalid, "more than " + std::to_string(Steering::ids_max) + " message ids in one command");
  if (std::max({mark.to.size(), mark.to_required.size(), mark.to_optional.size()}) > Steering::text_octets_max)
    return fail(ErrorKind::invalid, "a next hop is too long");
  for (const auto* text : {&selector.sender, &selector.recipient, &selector.destination, &selector.login})
    if (*text && (*text)->size() > Steering::text_octets_max) return fail(ErrorKind::invalid, "a selector is too long");
  return {};
}

}  // namespace

Result<void> Steering::open() {
  auto stored = store_.marks();
  if (!stored) return propagate(stored);
  std::vector<Mark> all;
  for (const std::string& octets : stored->marks) {
    auto mark = decode_mark(octets);
    if (!mark) return propagate(mark);
    all.push_back(std::move(*mark));
  }
  generation_ = stored->generation;
  current_.set(std::make_shared<const Marks>(std::move(all), stored->generation));
  return {};
}

Result<Mark> Steering::add(Mark mark) {
  auto checked = check(mark);
  if (!checked) return propagate(checked);
  const std::scoped_lock lock(mutex_);
  std::vector<Mark> all = current_.get()->all;
  mark.id = generation() + 1;
  mark.created = WallTime::now();
  if (mark.selector.older_than) mark.received_before = mark.created + -*mark.selector.older_than;
  mark.selector.older_than.reset();
  mark.reason.resize(std::min(mark.reason.size(), text_octets_max));
  mark.by.resize(std::min(mark.by.size(), text_octets_max));
  std::ranges::sort(mark.selector.ids);
  std::vector<std::uint64_t> replaced;
  for (const Mark& older : all)
    if (replaces(mark, older)) replaced.push_back(older.id);
  std::erase_if(all, [&](const Mark& older) { return replaces(mark, older); });
  if (all.size() >= marks_max)
    return fail(ErrorKind::invalid, std::to_string(marks_max) +
                                        " marks are in force, which is the limit: resume or release some, or select "
                                        "more with one");
  all.push_back(mark);
  auto written = write(std::move(all), &mark, replaced);
  if (!written) return propagate(written);
  return mark;
}

Result<std::vector<Mark>> Steering::remove(const std::vector<std::uint64_t>& ids) {
  const std::scoped_lock lock(mutex_);
  std::vector<Mark> all = current_.get()->all;
  std::vector<Mark> removed;
  std::vector<std::uint64_t> removed_ids;
  std::erase_if(all, [&](const Mark& mark) {
    if (std::ranges::find(ids, mark.id) == ids.end()) return false;
    removed.push_back(mark);
    removed_ids.push_back(mark.id);
    return true;
  });
  if (removed.empty()) return removed;
  auto written = write(std::move(all), nullptr, removed_ids);
  if (!written) return propagate(written);
  return removed;
}

// Durable first, then the generation, then in force: a message accepted in between is of the new generation and not
// covered.
Result<void> Steering::write(std::vector<Mark> all, const Mark* added, const std::vector<std::uint64_t>& removed) {
  auto written = added != nullptr ? store_.write_marks(added->id, encode_mark(*added), removed)
                                  : store_.write_marks(0, {}, removed);
  if (!written) return written;
  if (added != nullptr) generation_.store(added->id, std::memory_order_release);
  current_.set(std::make_shared<const Marks>(std::move(all), generation()));
  return {};
}

}  // namespace ringpost::queue
