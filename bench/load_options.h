// What a load is: where to, how many sessions and messages, how fast, how protected. Filled in by the command line or a
// test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bench/encryption.h"
#include "bench/size_mix.h"
#include "io/socket_address.h"
#include "mail/address.h"
#include "sasl/client.h"
#include "tls/options.h"

namespace ringpost::bench {

struct LoadOptions {
  static constexpr std::uint32_t threads_max = 64;
  static constexpr std::uint32_t sessions_max = 1'000'000;
  static constexpr std::uint32_t recipients_per_message_max = 10'000;

  io::SocketAddress to;
  std::vector<io::SocketAddress> sources;  // taken in turn; empty: the kernel's choice
  std::uint32_t threads = 1;

  std::uint32_t sessions = 1;                         // at the same time
  std::optional<std::uint64_t> messages_per_session;  // then QUIT and connect again; unset: all on the same session
  std::optional<std::uint64_t> messages;  // in all; unset: sessions * messages_per_session, or until `duration` is over
  // Sessions only: connect, TLS, EHLO, AUTH, QUIT. `messages` and `rate` are then of sessions.
  bool without_mail = false;
  std::optional<Duration> duration;  // nothing new is begun afterwards
  double rate = 0;  // messages a second, due whether or not the server keeps up; 0: as fast as replies come

  std::uint32_t idle_sessions = 0;  // beside the load: TLS, EHLO, AUTH, then nothing
  Duration hold{};                  // how long after the last of them was opened, and at least as long as the load

  SizeMix sizes{10 * 1024};
  mail::Address from{"load", "client.example"};
  std::vector<std::string> recipients{"sink@server.example"};  // taken in turn; "{n}" in it counts up
  std::uint32_t recipients_per_message = 1;
  std::string helo = "load.client.example";
  bool pipelining = true;  // where the server offers it
  bool bdat = false;
  bool lmtp = false;
  Duration reply_wait = std::chrono::minutes(5);  // for each reply, and for a handshake

  Encryption encryption = Encryption::none;
  std::optional<tls::Version> tls_version;  // unset: the newest both sides have
  std::string ca_file;                      // empty: any certificate will do
  std::string tls_name;                     // SNI, and the name in the certificate where there is a CA file
  bool resume = false;                      // TLS sessions are reused; otherwise each handshake is a full one
  sasl::ClientOptions auth;                 // without a user nobody logs in

  /// UINT64_MAX: only `duration` ends it.
  std::uint64_t messages_in_all() const noexcept;
};

/// "127.0.0.2-127.0.0.9", "192.0.2.7", or several with commas. Errors: invalid, also for more than 65,536 addresses.
Result<std::vector<io::SocketAddress>> parse_source_addresses(std::string_view text);

}  // namespace ringpost::bench
