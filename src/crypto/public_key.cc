#include "crypto/public_key.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/signature.h>

#include <array>
#include <bit>
#include <vector>

#include "crypto/digest.h"
#include "crypto/equal.h"
#include "crypto/wolf_keys.h"

namespace ringpost::crypto {

namespace {

constexpr std::size_t rsa_bits_min = 2048;  // RFC 7518 3.3
constexpr std::size_t rsa_bits_max = 4096;  // what wolfSSL is built for
constexpr std::size_t exponent_octets_max = 8;
constexpr std::size_t pem_octets_max = 16 * 1024;
constexpr std::size_t ed25519_signature_octets = 64;

using Kind = PublicKey::Kind;

struct Scheme {
  Kind kind;
  Digest digest;
  wc_HashType hash;
  int oid;       // of the digest, for PKCS #1 v1.5; 0: not that
  int mask_gen;  // for PSS; 0: not that
};

Scheme info(SignatureScheme scheme) noexcept {
  switch (scheme) {
    case SignatureScheme::rs256:
      return {Kind::rsa, Digest::sha256, WC_HASH_TYPE_SHA256, SHA256h, 0};
    case SignatureScheme::rs384:
      return {Kind::rsa, Digest::sha384, WC_HASH_TYPE_SHA384, SHA384h, 0};
    case SignatureScheme::rs512:
      return {Kind::rsa, Digest::sha512, WC_HASH_TYPE_SHA512, SHA512h, 0};
    case SignatureScheme::ps256:
      return {Kind::rsa, Digest::sha256, WC_HASH_TYPE_SHA256, 0, WC_MGF1SHA256};
    case SignatureScheme::ps384:
      return {Kind::rsa, Digest::sha384, WC_HASH_TYPE_SHA384, 0, WC_MGF1SHA384};
    case SignatureScheme::ps512:
      return {Kind::rsa, Digest::sha512, WC_HASH_TYPE_SHA512, 0, WC_MGF1SHA512};
    case SignatureScheme::es256:
      return {Kind::p256, Digest::sha256, WC_HASH_TYPE_SHA256, 0, 0};
    case SignatureScheme::es384:
      return {Kind::p384, Digest::sha384, WC_HASH_TYPE_SHA384, 0, 0};
    case SignatureScheme::es512:
      return {Kind::p521, Digest::sha512, WC_HASH_TYPE_SHA512, 0, 0};
    case SignatureScheme::ed25519:
      break;
  }
  return {Kind::ed25519, Digest::sha512, WC_HASH_TYPE_NONE, 0, 0};
}

ecc_curve_id curve_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::p256:
      return ECC_SECP256R1;
    case Kind::p384:
      return ECC_SECP384R1;
    case Kind::p521:
      return ECC_SECP521R1;
    case Kind::rsa:
    case Kind::ed25519:
      break;
  }
  return ECC_CURVE_INVALID;
}

std::size_t coordinate_octets(Kind kind) noexcept {
  return kind == Kind::p256 ? 32 : kind == Kind::p384 ? 48 : 66;
}

std::string_view without_leading_zeros(std::string_view number) noexcept {
  while (number.starts_with('\0')) number.remove_prefix(1);
  return number;
}

std::size_t bits(std::string_view number) noexcept {
  if (number.empty()) return 0;
  return (number.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(static_cast<unsigned char>(number[0])));
}

bool odd(std::string_view number) noexcept {
  return !number.empty() && (number.back() & 1) != 0;
}

bool import_rsa(WolfRsaKey& key, std::string_view modulus, std::string_view exponent) {
  return wc_RsaPublicKeyDecodeRaw(wolf_bytes(modulus), wolf_size(modulus), wolf_bytes(exponent), wolf_size(exponent),
                                  key.get()) == 0;
}

bool import_elliptic(WolfEccKey& key, Kind kind, std::string_view x, std::string_view y) {
  return wc_ecc_import_unsigned(key.get(), wolf_bytes(x), wolf_bytes(y), nullptr, curve_of(kind)) == 0;
}

// The whole of what the signature opens to is compared (RFC 8017 8.2.2): nothing in it is parsed.
bool verify_pkcs1(WolfRsaKey& key, const Scheme& scheme, std::string_view hashed, std::string_view signature) {
  std::array<byte, MAX_DER_DIGEST_SZ> expected{};
  const word32 size = wc_EncodeSignature(expected.data(), wolf_bytes(hashed), wolf_size(hashed), scheme.oid);
  std::vector<byte> opened(signature.size());
  const int got = wc_RsaSSL_Verify(wolf_bytes(signature), wolf_size(signature), opened.data(),
                                   static_cast<word32>(opened.size()), key.get());
  return got > 0 &&
         equal_in_constant_time({reinterpret_cast<const char*>(opened.data()), static_cast<std::size_t>(got)},
                                {reinterpret_cast<const char*>(expected.data()), size});
}

bool verify_pss(WolfRsaKey& key, const Scheme& scheme, std::string_view hashed, std::string_view signature) {
  std::vector<byte> in(signature.begin(), signature.end()), out(signature.size());
  return wc_RsaPSS_VerifyCheck(in.data(), static_cast<word32>(in.size()), out.data(), static_cast<word32>(out.size()),
                               wolf_bytes(hashed), wolf_size(hashed), scheme.hash, scheme.mask_gen, key.get()) > 0;
}

bool verify_elliptic(WolfEccKey& key, Kind kind, std::string_view hashed, std::string_view signature) {
  const std::size_t half = coordinate_octets(kind);
  if (signature.size() != half * 2) return false;
  const auto r = without_leading_zeros(signature.substr(0, half)), s = without_leading_zeros(signature.substr(half));
  if (r.empty() || s.empty()) return false;
  std::array<byte, 2 * 66 + 16> der{};
  word32 size = der.size();
  if (wc_ecc_rs_raw_to_sig(wolf_bytes(r), wolf_size(r), wolf_bytes(s), wolf_size(s), der.data(), &size) != 0)
    return false;
  int valid = 0;
  return wc_ecc_verify_hash(der.data(), size, wolf_bytes(hashed), wolf_size(hashed), &valid, key.get()) == 0 &&
         valid == 1;
}

bool verify_edwards(std::string_view point, std::string_view message, std::string_view signature) {
  WolfEd25519Key key;
  int valid = 0;
  return signature.size() == ed25519_signature_octets &&
         wc_ed25519_import_public(wolf_bytes(point), wolf_size(point), key.get()) == 0 &&
         wc_ed25519_verify_msg(wolf_bytes(signature), wolf_size(signature), wolf_bytes(message), wolf_size(message),
                               &valid, key.get()) == 0 &&
         valid == 1;
}

std::string_view view(const std::vector<byte>& octets, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(octets.data()), size};
}

// `decode` is wolfCrypt's function for one kind of key.
template <class Key, class Decode>
bool is_read(Key& key, Decode decode, std::string_view der) {
  word32 at = 0;
  return decode(wolf_bytes(der), &at, key.get(), wolf_size(der)) == 0;
}

Result<PublicKey> rsa_from(WolfRsaKey& key) {
  std::vector<byte> e(rsa_bits_max / 8), n(rsa_bits_max / 8);
  word32 e_size = static_cast<word32>(e.size()), n_size = static_cast<word32>(n.size());
  if (wc_RsaFlattenPublicKey(key.get(), e.data(), &e_size, n.data(), &n_size) != 0)
    return fail(ErrorKind::invalid, "an RSA key of more than 4096 bits");
  return PublicKey::rsa(view(n, n_size), view(e, e_size));
}

Result<PublicKey> elliptic_from(WolfEccKey& key) {
  for (const Kind kind : {Kind::p256, Kind::p384, Kind::p521}) {
    if (key->dp == nullptr || key->dp->id != curve_of(kind)) continue;
    std::vector<byte> x(coordinate_octets(kind)), y(coordinate_octets(kind));
    word32 x_size = static_cast<word32>(x.size()), y_size = static_cast<word32>(y.size());
    if (wc_ecc_export_public_raw(key.get(), x.data(), &x_size, y.data(), &y_size) != 0) break;
    return PublicKey::elliptic(kind, view(x, x_size), view(y, y_size));
  }
  return fail(ErrorKind::invalid, "an elliptic curve other than P-256, P-384 and P-521");
}

Result<PublicKey> edwards_from(WolfEd25519Key& key) {
  std::vector<byte> point(ED25519_PUB_KEY_SIZE);
  word32 size = static_cast<word32>(point.size());
  if (wc_ed25519_export_public(key.get(), point.data(), &size) != 0)
    return fail(ErrorKind::invalid, "not an Ed25519 key");
  return PublicKey::edwards(view(point, size));
}

}  // namespace

Result<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  modulus = without_leading_zeros(modulus);
  exponent = without_leading_zeros(exponent);
  if (bits(modulus) < rsa_bits_min || bits(modulus) > rsa_bits_max || !odd(modulus))
    return fail(ErrorKind::invalid, "an RSA modulus must be odd and have 2048 to 4096 bits");
  if (bits(exponent) < 2 || exponent.size() > exponent_octets_max || !odd(exponent))
    return fail(ErrorKind::invalid, "not an RSA exponent");
  WolfRsaKey key;
  if (!import_rsa(key, modulus, exponent)) return fail(ErrorKind::invalid, "not an RSA key");
  return PublicKey(Kind::rsa, modulus, exponent);
}

Result<PublicKey> PublicKey::elliptic(Kind kind, std::string_view x, std::string_view y) {
  const bool curve = curve_of(kind) != ECC_CURVE_INVALID;
  if (!curve || x.size() != coordinate_octets(kind) || y.size() != coordinate_octets(kind))
    return fail(ErrorKind::invalid, "coordinates do not have the curve's length");
  WolfEccKey key;
  if (!import_elliptic(key, kind, x, y) || wc_ecc_check_key(key.get()) != 0)
    return fail(ErrorKind::invalid, "the point is not on its curve");
  return PublicKey(kind, x, y);
}

Result<PublicKey> PublicKey::edwards(std::string_view point) {
  WolfEd25519Key key;
  if (point.size() != ED25519_PUB_KEY_SIZE ||
      wc_ed25519_import_public(wolf_bytes(point), wolf_size(point), key.get()) != 0)
    return fail(ErrorKind::invalid, "not an Ed25519 key");
  return PublicKey(Kind::ed25519, point, {});
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  if (pem.size() > pem_octets_max) return fail(ErrorKind::invalid, "too long for a public key");
  std::vector<byte> der(pem.size() + 1);
  const int size =
      wc_PubKeyPemToDer(wolf_bytes(pem), static_cast<int>(pem.size()), der.data(), static_cast<int>(der.size()));
  if (size <= 0) return fail(ErrorKind::invalid, "not a public key in PEM");
  return from_der(view(der, static_cast<std::size_t>(size)));
}

Result<PublicKey> PublicKey::from_der(std::string_view der) {
  if (WolfRsaKey key; is_read(key, wc_RsaPublicKeyDecode, der)) return rsa_from(key);
  if (WolfEccKey key; is_read(key, wc_EccPublicKeyDecode, der)) return elliptic_from(key);
  if (WolfEd25519Key key; is_read(key, wc_Ed25519PublicKeyDecode, der)) return edwards_from(key);
  return fail(ErrorKind::invalid, "a public key of a kind that is not known here");
}

Result<PublicKey> PublicKey::of_private_key(std::string_view der) {
  if (WolfRsaKey key; is_read(key, wc_RsaPrivateKeyDecode, der)) return rsa_from(key);
  if (WolfEccKey key; is_read(key, wc_EccPrivateKeyDecode, der)) {
    // What the file says of its public half is not asked.
    if (wc_ecc_make_pub(key.get(), nullptr) != 0) return fail(ErrorKind::invalid, "not an elliptic curve key");
    return elliptic_from(key);
  }
  if (WolfEd25519Key key; is_read(key, wc_Ed25519PrivateKeyDecode, der)) {
    std::vector<byte> point(ED25519_PUB_KEY_SIZE);
    if (wc_ed25519_make_public(key.get(), point.data(), ED25519_PUB_KEY_SIZE) != 0)
      return fail(ErrorKind::invalid, "not an Ed25519 key");
    return edwards(view(point, point.size()));
  }
  return fail(ErrorKind::invalid, "a private key of a kind that is not known here");
}

bool PublicKey::fits(SignatureScheme scheme) const noexcept {
  return info(scheme).kind == kind_;
}

bool PublicKey::verifies(SignatureScheme scheme, std::string_view message, std::string_view signature) const {
  if (!fits(scheme)) return false;
  if (kind_ == Kind::ed25519) return verify_edwards(first_, message, signature);
  const Scheme how = info(scheme);
  const std::string hashed = digest(how.digest, message);
  if (kind_ == Kind::rsa) {
    WolfRsaKey key;
    if (signature.size() != first_.size() || !import_rsa(key, first_, second_)) return false;
    return how.oid != 0 ? verify_pkcs1(key, how, hashed, signature) : verify_pss(key, how, hashed, signature);
  }
  WolfEccKey key;
  return import_elliptic(key, kind_, first_, second_) && verify_elliptic(key, kind_, hashed, signature);
}

}  // namespace ringpost::crypto
