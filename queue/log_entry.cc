#include "queue/log_entry.h"

#include <utility>

#include "base/crc32c.h"

namespace ringpost::queue {

void LogRecord::set_payload(RecordType what, std::vector<io::Slice> payload) {
  type = what;
  slices = std::move(payload);
  text.clear();
  std::uint64_t octets = 0;
  payload_crc = 0;
  for (const io::Slice& slice : slices) {
    octets += slice.size();
    payload_crc = crc32c(slice.view(), payload_crc);
  }
  length = octets;
}

void LogRecord::set_payload(RecordType what, std::string payload) {
  type = what;
  slices.clear();
  text = std::move(payload);
  length = text.size();
  payload_crc = crc32c(text);
}

}  // namespace ringpost::queue
