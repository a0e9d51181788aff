#include "crypto/srp_server.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/integer.h>

#include <span>

#include "base/assert.h"
#include "base/random.h"
#include "crypto/equal.h"
#include "crypto/srp_group.h"

namespace ringpost::crypto {

namespace {

constexpr std::size_t private_key_octets = 32;  // RFC 5054 3.1: at least 256 bits
constexpr mp_digit multiplier = 3;

// A number of wolfCrypt's that is overwritten when it goes. Its functions fail on numbers too long for it, which
// lengths checked before exclude.
class Number {
 public:
  Number() { RINGPOST_ASSERT(mp_init(&number_) == MP_OKAY); }
  explicit Number(std::string_view octets) : Number() {
    RINGPOST_ASSERT(mp_read_unsigned_bin(&number_, reinterpret_cast<const byte*>(octets.data()),
                                         static_cast<word32>(octets.size())) == MP_OKAY);
  }
  ~Number() { mp_forcezero(&number_); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;

  mp_int* get() noexcept { return &number_; }
  bool is(mp_digit digit) { return mp_cmp_d(&number_, digit) == MP_EQ; }
  std::string octets() {
    std::string out(static_cast<std::size_t>(mp_unsigned_bin_size(&number_)), '\0');
    RINGPOST_ASSERT(mp_to_unsigned_bin(&number_, reinterpret_cast<byte*>(out.data())) == MP_OKAY);
    return out;
  }

 private:
  mp_int number_;
};

void check(int status) noexcept {
  RINGPOST_ASSERT(status == MP_OKAY);
}

bool in_group(std::string_view octets) noexcept {
  return !octets.empty() && octets.size() <= srp_modulus.size();
}

}  // namespace

std::string_view srp_modulus_octets() noexcept {
  return {reinterpret_cast<const char*>(srp_modulus.data()), srp_modulus.size()};
}

std::string_view srp_generator_octets() noexcept {
  return {reinterpret_cast<const char*>(srp_generator.data()), srp_generator.size()};
}

// B = 3v + g^b
Result<SrpServer> SrpServer::start(std::string_view verifier) {
  if (!in_group(verifier)) return fail(ErrorKind::invalid, "not an SRP verifier");
  Number modulus(srp_modulus_octets()), v(verifier);
  if (v.is(0) || mp_cmp(v.get(), modulus.get()) != MP_LT) return fail(ErrorKind::invalid, "not an SRP verifier");
  SrpServer server;
  server.verifier_ = verifier;
  server.private_key_.resize(private_key_octets);
  Number generator(srp_generator_octets()), three, product, power, key;
  do {
    random_octets(std::as_writable_bytes(std::span(server.private_key_)));
    Number b(server.private_key_);
    check(mp_set(three.get(), multiplier));
    check(mp_mulmod(three.get(), v.get(), modulus.get(), product.get()));
    check(mp_exptmod(generator.get(), b.get(), modulus.get(), power.get()));
    check(mp_addmod(product.get(), power.get(), modulus.get(), key.get()));
  } while (key.is(0));
  server.public_key_ = key.octets();
  return server;
}

SrpServer::~SrpServer() {
  wipe(private_key_);
  wipe(verifier_);
}

// S = (A v^u)^b with u = H(A, B)
Result<std::string> SrpServer::secret(Digest kind, std::string_view client_key) const {
  if (!in_group(client_key)) return fail(ErrorKind::invalid, "not a client's key");
  Number modulus(srp_modulus_octets()), a(client_key), reduced;
  check(mp_mod(a.get(), modulus.get(), reduced.get()));
  if (reduced.is(0)) return fail(ErrorKind::invalid, "a client's key that is a multiple of the modulus");
  Number u(digest(kind, std::string(client_key) + public_key_)), v(verifier_), b(private_key_), power, base, secret;
  if (u.is(0)) return fail(ErrorKind::invalid, "keys that cancel each other");
  check(mp_exptmod(v.get(), u.get(), modulus.get(), power.get()));
  check(mp_mulmod(reduced.get(), power.get(), modulus.get(), base.get()));
  Number last;
  check(mp_sub_d(modulus.get(), 1, last.get()));
  if (base.is(0) || base.is(1) || mp_cmp(base.get(), last.get()) == MP_EQ)
    return fail(ErrorKind::invalid, "a client's key whose secret would be known");
  check(mp_exptmod(base.get(), b.get(), modulus.get(), secret.get()));
  return secret.octets();
}

}  // namespace ringpost::crypto
