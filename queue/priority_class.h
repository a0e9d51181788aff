// The nineteen priorities of RFC 6710 as the queue serves them: three classes, which are those of its policy MIXER.
// Within a class mail is equal; docs/scheduler.md tells how they share a destination.
#pragma once

#include <array>
#include <cstdint>

#include "mail/envelope.h"

namespace ringpost::queue {

/// The value stands in keys of RocksDB (keys.h): normal is what mail had before there were classes.
enum class PriorityClass : std::uint8_t { normal = 0, urgent = 1, low = 2 };
inline constexpr std::size_t priority_classes = 3;

/// Who is served first.
inline constexpr std::array<PriorityClass, priority_classes> service_order{PriorityClass::urgent, PriorityClass::normal,
                                                                           PriorityClass::low};
/// A class that has something ready is passed over so often, then it is its turn: nobody starves.
inline constexpr std::uint8_t passed_over_max = 8;

constexpr PriorityClass class_of(const mail::Envelope& envelope) noexcept {
  if (envelope.priority == mail::Priority::normal) return PriorityClass::normal;
  return envelope.priority > mail::Priority::normal ? PriorityClass::urgent : PriorityClass::low;
}

}  // namespace ringpost::queue
