// What a thread of the sink has seen. Changed by its own thread, read by any.
#pragma once

#include "telemetry/histogram.h"

namespace ringpost::bench {

struct SinkCounts {
  telemetry::Counter connections;
  telemetry::Counter messages;    // accepted; with LMTP for at least one recipient
  telemetry::Counter recipients;  // of accepted messages
  telemetry::Counter octets;      // of accepted messages as they came: stuffed, without the final dot
  telemetry::Counter refused;     // replies of 4xx and 5xx
  telemetry::Counter hung_up;     // sessions we left without a word, as told to
  telemetry::Counter broken;      // sessions that ended in the middle of a message
  telemetry::Counter full_handshakes, resumed_handshakes, handshakes_failed;

  void merge(const SinkCounts& other) noexcept {
    connections.merge(other.connections);
    messages.merge(other.messages);
    recipients.merge(other.recipients);
    octets.merge(other.octets);
    refused.merge(other.refused);
    hung_up.merge(other.hung_up);
    broken.merge(other.broken);
    full_handshakes.merge(other.full_handshakes);
    resumed_handshakes.merge(other.resumed_handshakes);
    handshakes_failed.merge(other.handshakes_failed);
  }
};

}  // namespace ringpost::bench
