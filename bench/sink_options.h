// What a sink is: where it listens, what it offers, what it does with mail, and how it misbehaves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/encryption.h"
#include "bench/faults.h"
#include "io/socket_address.h"
#include "smtp/extensions.h"
#include "tls/options.h"

namespace ringpost::bench {

struct SinkOptions {
  static constexpr std::uint32_t threads_max = 64;

  io::SocketAddress listen;  // port 0: any
  std::uint32_t threads = 1;
  std::string hostname = "sink.server.example";
  bool lmtp = false;
  Encryption encryption = Encryption::none;
  tls::CertificateFiles certificate;        // where there is encryption
  smtp::Extensions offered = everything();  // but STARTTLS, which `encryption` decides
  Faults faults;
  std::string store;                        // folder: one file a message, dots removed; empty: nothing is kept
  bool count_tokens = false;                // tell lost and doubled messages apart
  std::optional<std::uint64_t> stop_after;  // accepted messages

  static smtp::Extensions everything();
};

/// Takes keywords out of `offered`: "CHUNKING,8BITMIME". Errors: invalid, for one that is not offered anyway.
Result<void> remove_extensions(smtp::Extensions& offered, std::string_view keywords);

}  // namespace ringpost::bench
