// What the operations of wolfCrypt in one TLS 1.3 handshake cost the server, without any TLS around them: the floor
// that tls_bench.cc is held against. Full, with an ECDSA P-256 certificate, over X25519 or P-256 (`full`), and
// resumed by a ticket with a new key exchange (`resumed`), TLS_AES_128_GCM_SHA256; sizes are those of our own
// handshakes. RSA-2048 differs by its signature, which stands alone.
#include <benchmark/benchmark.h>
#include <wolfssl/options.h>
// (the options come first: they decide what the other headers declare)
#define USE_CERT_BUFFERS_2048  // server_key_der_2048
#include <wolfssl/certs_test.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/kdf.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <array>
#include <string_view>

namespace {

constexpr int hash_octets = WC_SHA256_DIGEST_SIZE, key_octets = 16, nonce_octets = 12, tag_octets = 16;
constexpr word32 client_hello = 260, server_hello = 122, extensions = 16, certificate = 480, certificate_verify = 80;
constexpr word32 finished = 36, ticket = 240, ticket_state = 160;

/// The library says no: the numbers would mean nothing.
void need(benchmark::State& state, int result) {
  if (result != 0) state.SkipWithError(wc_GetErrorString(result));
}

using Secret = std::array<byte, hash_octets>;

/// The client's side of the key exchange, and what the server keeps between handshakes.
class Server {
 public:
  explicit Server(benchmark::State& state) : state_(state) {
    need(state_, wc_InitRng(&random_));
    need(state_, wc_ecc_init(&signing_));
    need(state_, wc_ecc_make_key(&random_, 32, &signing_));
    need(state_, wc_curve25519_init(&peer_x25519_));
    need(state_, wc_curve25519_make_key(&random_, CURVE25519_KEYSIZE, &peer_x25519_));
    need(state_, wc_ecc_init(&peer_p256_));
    need(state_, wc_ecc_make_key(&random_, 32, &peer_p256_));
  }
  ~Server() {
    wc_ecc_free(&signing_);
    wc_ecc_free(&peer_p256_);
    wc_curve25519_free(&peer_x25519_);
    wc_FreeRng(&random_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void exchange_x25519() {
    curve25519_key mine;
    std::array<byte, CURVE25519_KEYSIZE> shared{}, share{};
    word32 length = shared.size(), share_length = share.size();
    need(state_, wc_curve25519_init(&mine));
    need(state_, wc_curve25519_make_key(&random_, CURVE25519_KEYSIZE, &mine));
    need(state_, wc_curve25519_export_public_ex(&mine, share.data(), &share_length, EC25519_LITTLE_ENDIAN));
    need(state_, wc_curve25519_shared_secret_ex(&mine, &peer_x25519_, shared.data(), &length, EC25519_LITTLE_ENDIAN));
    wc_curve25519_free(&mine);
    benchmark::DoNotOptimize(shared);
  }

  void exchange_p256() {
    ecc_key mine;
    std::array<byte, 32> shared{};
    word32 length = shared.size();
    need(state_, wc_ecc_init(&mine));
    need(state_, wc_ecc_make_key(&random_, 32, &mine));
    need(state_, wc_ecc_set_rng(&mine, &random_));
    need(state_, wc_ecc_shared_secret(&mine, &peer_p256_, shared.data(), &length));
    wc_ecc_free(&mine);
    benchmark::DoNotOptimize(shared);
  }

  /// RFC 8446 4.4.3: over 64 blanks, a context string and the transcript's hash.
  void sign() {
    std::array<byte, 130> signed_octets{};
    Secret hash;
    std::array<byte, ECC_MAX_SIG_SIZE> signature;
    word32 length = signature.size();
    need(state_, wc_Sha256Hash(signed_octets.data(), signed_octets.size(), hash.data()));
    need(state_, wc_ecc_sign_hash(hash.data(), hash.size(), signature.data(), &length, &random_, &signing_));
    benchmark::DoNotOptimize(signature);
  }

  /// RFC 8446 7.1: three secrets, what is derived of them, four keys with their nonces, two Finished keys, one for a
  /// ticket.
  void schedule(bool resumed) {
    constexpr int labels = 8 + 8 + 2 + 1;
    Secret secret{}, out{};
    std::array<byte, hash_octets> input{};
    for (int i = 0; i < 3; ++i) {
      need(state_, wc_Tls13_HKDF_Extract(secret.data(), out.data(), out.size(), input.data(), input.size(), WC_SHA256));
    }
    for (int i = 0; i < labels + (resumed ? 2 : 0); ++i) expand(out, secret);
    for (int i = 0; i < (resumed ? 3 : 2); ++i) authenticate(out);
  }

  /// Each message once, and the hash so far wherever a secret or a signature needs it.
  void transcript(bool resumed) {
    wc_Sha256 running;
    Secret hash;
    need(state_, wc_InitSha256(&running));
    for (const word32 octets : {client_hello, server_hello, extensions}) add(running, octets);
    if (!resumed) add(running, certificate), snapshot(running, hash), add(running, certificate_verify);
    for (int i = 0; i < 3; ++i) snapshot(running, hash), add(running, i == 0 ? 0 : finished);
    snapshot(running, hash);
    wc_Sha256Free(&running);
  }

  /// The server's flight, the client's Finished, and a ticket for the next time. Each direction has its keys.
  void records(bool resumed) {
    Aes aes;
    need(state_, wc_AesInit(&aes, nullptr, INVALID_DEVID));
    rekey(aes);
    seal(aes, extensions);
    if (!resumed) seal(aes, certificate), seal(aes, certificate_verify);
    seal(aes, finished);
    rekey(aes);
    seal(aes, finished);  // opening costs the same
    rekey(aes);
    rekey(aes);
    seal(aes, ticket);
    for (int i = 0; i < (resumed ? 2 : 1); ++i) {  // the ticket's own seal
      need(state_, wc_AesGcmSetKey(&aes, octets_.data(), 32));
      seal(aes, ticket_state);
    }
    wc_AesFree(&aes);
  }

  void random() { need(state_, wc_RNG_GenerateBlock(&random_, octets_.data(), 32 + 8 + nonce_octets)); }

 private:
  void expand(Secret& out, const Secret& secret) {
    static constexpr std::string_view protocol = "tls13 ", label = "c hs traffic";
    need(state_, wc_Tls13_HKDF_Expand_Label(out.data(), out.size(), secret.data(), secret.size(), octets_of(protocol),
                                            protocol.size(), octets_of(label), label.size(), out.data(), out.size(),
                                            WC_SHA256));
  }
  void authenticate(Secret& out) {
    Hmac hmac;
    need(state_, wc_HmacInit(&hmac, nullptr, INVALID_DEVID));
    need(state_, wc_HmacSetKey(&hmac, WC_SHA256, out.data(), out.size()));
    need(state_, wc_HmacUpdate(&hmac, out.data(), out.size()));
    need(state_, wc_HmacFinal(&hmac, out.data()));
    wc_HmacFree(&hmac);
  }
  void add(wc_Sha256& running, word32 octets) { need(state_, wc_Sha256Update(&running, octets_.data(), octets)); }
  void snapshot(wc_Sha256& running, Secret& hash) { need(state_, wc_Sha256GetHash(&running, hash.data())); }
  void rekey(Aes& aes) { need(state_, wc_AesGcmSetKey(&aes, octets_.data(), key_octets)); }
  void seal(Aes& aes, word32 octets) {
    std::array<byte, tag_octets> tag;
    need(state_, wc_AesGcmEncrypt(&aes, out_.data(), octets_.data(), octets, octets_.data(), nonce_octets, tag.data(),
                                  tag.size(), octets_.data(), 5));
    benchmark::DoNotOptimize(tag);
  }
  static const byte* octets_of(std::string_view text) { return reinterpret_cast<const byte*>(text.data()); }

  benchmark::State& state_;
  WC_RNG random_;
  ecc_key signing_, peer_p256_;
  curve25519_key peer_x25519_;
  std::array<byte, 1024> octets_{}, out_{};
};

template <void (Server::*exchange)()>
void handshake_operations(benchmark::State& state) {
  const bool resumed = state.range(0) != 0;
  Server server(state);
  for (auto _ : state) {
    server.random();
    (server.*exchange)();
    if (!resumed) server.sign();
    server.schedule(resumed);
    server.transcript(resumed);
    server.records(resumed);
  }
}
BENCHMARK_TEMPLATE(handshake_operations, &Server::exchange_x25519)
    ->Name("handshake_operations_x25519")
    ->ArgName("resumed")
    ->Arg(0)
    ->Arg(1);
BENCHMARK_TEMPLATE(handshake_operations, &Server::exchange_p256)
    ->Name("handshake_operations_p256")
    ->ArgName("resumed")
    ->Arg(0)
    ->Arg(1);

template <void (Server::*operation)()>
void one_operation(benchmark::State& state) {
  Server server(state);
  for (auto _ : state) (server.*operation)();
}
BENCHMARK_TEMPLATE(one_operation, &Server::exchange_x25519)->Name("key_exchange_x25519");
BENCHMARK_TEMPLATE(one_operation, &Server::exchange_p256)->Name("key_exchange_p256");
BENCHMARK_TEMPLATE(one_operation, &Server::sign)->Name("sign_ecdsa_p256");

void sign_rsa_2048(benchmark::State& state) {
  WC_RNG random;
  RsaKey key;
  need(state, wc_InitRng(&random));
  need(state, wc_InitRsaKey(&key, nullptr));
  word32 read = 0;
  need(state, wc_RsaPrivateKeyDecode(server_key_der_2048, &read, &key, sizeof_server_key_der_2048));
  need(state, wc_RsaSetRNG(&key, &random));
  Secret hash{};
  std::array<byte, 256> signature;
  for (auto _ : state) {
    const int length = wc_RsaPSS_Sign(hash.data(), hash.size(), signature.data(), signature.size(), WC_HASH_TYPE_SHA256,
                                      WC_MGF1SHA256, &key, &random);
    if (length != static_cast<int>(signature.size())) state.SkipWithError("no signature");
  }
  wc_FreeRsaKey(&key);
  wc_FreeRng(&random);
}
BENCHMARK(sign_rsa_2048);

}  // namespace
