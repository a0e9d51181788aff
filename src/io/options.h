// What a reactor is given at birth: every ring and buffer has its size here.
#pragma once

#include <cstdint>

namespace ringpost::io {

struct Options {
  std::uint32_t submission_entries = 4096;
  std::uint32_t completion_entries = 32'768;  // more than one turn can produce; the kernel keeps what does not fit
  // Receive buffers of this worker, a power of two. Smaller: less memory; larger: more senders in the middle of DATA
  // before reading pauses (back-pressure, counted as buffer_ring_empty_total).
  std::uint32_t receive_buffers = 1024;
  std::uint32_t receive_buffer_octets = 16'384;
  // So many of them the kernel may fill in one turn of the reactor. Few, so that octets are still in the processor's
  // cache when they are looked at, and that the same few buffers are used as long as they suffice.
  std::uint32_t receive_buffers_offered = 64;
};

}  // namespace ringpost::io
