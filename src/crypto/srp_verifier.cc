#include "crypto/srp_verifier.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/srp.h>

#include "crypto/srp_group.h"
#include "crypto/wolf_octets.h"

namespace ringpost::crypto {

namespace {

constexpr std::size_t input_octets_max = 4096;

bool srp_type(Digest kind, SrpType& type) noexcept {
  switch (kind) {
    case Digest::sha1:
      type = SRP_TYPE_SHA;
      return true;
    case Digest::sha256:
      type = SRP_TYPE_SHA256;
      return true;
    case Digest::sha384:
      type = SRP_TYPE_SHA384;
      return true;
    case Digest::sha512:
      type = SRP_TYPE_SHA512;
      return true;
    case Digest::md4:
    case Digest::md5:
      break;
  }
  return false;
}

bool acceptable(std::string_view octets) noexcept {
  return !octets.empty() && octets.size() <= input_octets_max;
}

}  // namespace

Result<std::string> srp_verifier(Digest kind, std::string_view login, std::string_view password,
                                 std::string_view salt) {
  SrpType type{};
  if (!srp_type(kind, type) || !acceptable(login) || !acceptable(password) || !acceptable(salt))
    return fail(ErrorKind::invalid, "no SRP verifier for such a login, password or salt");
  Srp srp;
  if (wc_SrpInit(&srp, type, SRP_CLIENT_SIDE) != 0) return fail(ErrorKind::unavailable, "SRP cannot start");
  std::string verifier(srp_modulus.size(), '\0');
  auto size = static_cast<word32>(verifier.size());
  int status = wc_SrpSetUsername(&srp, wolf_bytes(login), wolf_size(login));
  if (status == 0)
    status = wc_SrpSetParams(&srp, srp_modulus.data(), static_cast<word32>(srp_modulus.size()), srp_generator.data(),
                             static_cast<word32>(srp_generator.size()), wolf_bytes(salt), wolf_size(salt));
  if (status == 0) status = wc_SrpSetPassword(&srp, wolf_bytes(password), wolf_size(password));
  if (status == 0) status = wc_SrpGetVerifier(&srp, reinterpret_cast<byte*>(verifier.data()), &size);
  wc_SrpTerm(&srp);
  if (status != 0) return fail(ErrorKind::unavailable, "no SRP verifier: wolfCrypt error " + std::to_string(status));
  verifier.resize(size);
  return verifier;
}

}  // namespace ringpost::crypto
