// TLS without a socket: encrypted octets in, encrypted octets out, plain octets between. It never waits; Stream does
// the waiting.
//
// What comes in is held as slices and copied once, into the library's record buffer, where it is decrypted in place.
// Nothing is held between records but what a session needs, so that an idle one is small. One core; the contexts behind
// it may be shared by others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/slice.h"
#include "tls/client_sessions.h"
#include "tls/connection_info.h"
#include "tls/server_credentials.h"
#include "tls/stream.h"
#include "tls/wolf.h"

namespace ringpost::tls {

class Channel {
 public:
  enum class Progress { done, wants_octets };
  static constexpr std::size_t record_octets_max = 16'384;

  explicit Channel(std::shared_ptr<const ServerCredentials> server);
  Channel(ClientCredentials& client, ClientWish wish);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Octets from the peer, in order.
  void feed(io::Slice octets);
  /// As far as what was fed allows. There may be output() in every case, an alert after an error. Errors: refused.
  Result<Progress> handshake();

  // After the handshake:

  /// What can be decrypted from what was fed; empty: nothing, or ended(). Errors: closed, invalid.
  Result<io::Slice> decrypt();
  /// decrypt() would find something.
  bool has_pending() const noexcept;
  /// The peer has said that nothing more comes.
  bool ended() const noexcept { return ended_; }
  /// Adds records to output(). Errors: closed, invalid.
  Result<void> encrypt(std::string_view plain);
  void close_notify();
  /// The session for another connection with the same wish, with the client's other ones. With TLS 1.3 only where the
  /// server gave a ticket on this connection: an older one goes with the secrets of its own connection.
  void keep_session();

  /// What is to be sent to the peer; the caller takes it from here.
  std::string& output() noexcept { return output_; }

  const ConnectionInfo& info() const noexcept { return info_; }
  const std::string& binding() const noexcept { return binding_; }
  bool is_tls_13() const noexcept { return is_tls_13_; }
  bool is_server() const noexcept { return server_ != nullptr; }
  std::string_view server_name() const noexcept { return info_.sni; }
  /// Of the client: whether a ticket of its would save it the key exchange, and so forward secrecy too.
  bool psk_without_key_exchange() const noexcept { return psk_without_key_exchange_; }
  bool peer_has_certificate() const noexcept { return !info_.peer_fingerprint.empty(); }

 private:
  static int on_receive(WOLFSSL* ssl, char* buffer, int size, void* context);
  static int on_send(WOLFSSL* ssl, char* buffer, int size, void* context);
  static int on_certificate(int verified, WOLFSSL_X509_STORE_CTX* store);
  static int on_ticket(WOLFSSL* ssl, const unsigned char* ticket, int octets, void* context);

  int take(char* buffer, int size) noexcept;
  void follow_record(std::string_view octets) noexcept;
  std::size_t fed_octets() const noexcept;

  Result<bool> look_at_hello();
  void begin_server(const ServerCertificate& certificate);
  void begin_client();
  void begin(wolf::Ssl ssl);
  bool judge(std::span<const std::string_view> chain);
  Result<void> finish();
  void learn_binding();
  Error failure(int error);

  std::shared_ptr<const ServerCredentials> server_;  // one of the two
  ClientCredentials* client_ = nullptr;
  ClientWish wish_;
  wolf::Ssl ssl_;
  std::vector<io::Slice> fed_;
  std::string hello_;  // the peer's first octets, until the handshake is done
  std::string output_;
  ConnectionInfo info_;
  std::unique_ptr<ConnectionInfo>
      offered_;  // of the session that was offered to the server, until the handshake is done
  std::string binding_;
  std::uint64_t total_fed_ = 0;
  std::string failure_;                 // what every call after a failed one says
  std::uint32_t record_octets_ = 0;     // of the record that the library is reading, without its header
  std::uint32_t record_left_ = 0;       // those that it has not got yet
  std::uint8_t record_header_[5] = {};  // of that record
  std::uint8_t record_header_octets_ = 0;
  bool hello_done_ = false;
  bool judged_ = false;
  bool extended_master_secret_ = false;
  bool psk_without_key_exchange_ = false;
  bool is_tls_13_ = false;
  bool done_ = false;
  bool ended_ = false;
  bool broken_ = false;
  bool notified_ = false;
  bool has_ticket_ = false;  // the server gave one on this connection
};

}  // namespace ringpost::tls
