// A stranger's octets as messages of NTLM and SRP: parsers, and whole exchanges with an account whose password the
// fuzzer does not have. None may succeed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "sasl/ntlm_exchange.h"
#include "sasl/ntlm_message.h"
#include "sasl/srp_exchange.h"
#include "sasl/srp_message.h"
#include "sasl/utf16.h"

namespace {

using namespace ringpost;

class OneAccount final : public account::Store {
 public:
  account::Abilities abilities() const noexcept override { return {}; }
  Result<account::Account> find(std::string_view login) override {
    account::Account account;
    account.identity.login = login;
    account.password = "a password that no input holds";
    account.srp = account::SrpVerifier{.digest = "SHA-1", .salt = "salt", .verifier = std::string(200, '\x17')};
    return account;
  }
  Result<account::Account> verify(std::string_view, std::string_view) override {
    return fail(ErrorKind::refused, "not asked here");
  }
  account::ScramKeys decoy(std::string_view, bool) override { return {}; }
};

void check_parsers(std::string_view octets) {
  const auto authenticate = sasl::parse_ntlm_authenticate(octets);
  if (authenticate) {
    RINGPOST_ASSERT(authenticate->nt_response.size() <= octets.size());
    if (authenticate->mic) RINGPOST_ASSERT(authenticate->mic->size() == sasl::ntlm_mic_octets);
    static_cast<void>(sasl::parse_ntlm_response(authenticate->nt_response));
  }
  const auto response = sasl::parse_ntlm_response(octets);
  if (response) RINGPOST_ASSERT(response->proof.size() == 16 && response->blob.size() + 16 == octets.size());
  const auto text = sasl::utf8_from_utf16le(octets);
  if (text) RINGPOST_ASSERT(sasl::utf16le_from_utf8(*text) == octets);
  RINGPOST_ASSERT(sasl::utf16le_capitals(octets).size() == octets.size() / 2 * 2);
  static_cast<void>(sasl::parse_srp_identity(octets));
  static_cast<void>(sasl::parse_srp_evidence(octets));
  static_cast<void>(sasl::srp_options_fit(octets, "SHA-1"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static OneAccount store;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_parsers(octets);
  const auto ntlm = sasl::make_ntlm_exchange(store, "example.com", "mx.example.com", [] { return WallTime{}; });
  const std::string first = std::string("NTLMSSP\0\1\0\0\0\3\2\0\0", 16);
  RINGPOST_ASSERT(ntlm->step(first).kind == sasl::Step::Kind::challenge);
  RINGPOST_ASSERT(ntlm->step(octets).kind == sasl::Step::Kind::failed);
  if (sasl::parse_srp_evidence(octets)) {
    const auto srp = sasl::make_srp_exchange(store);
    const std::string identity("\0\0\0\x0a\0\3ann\0\0\0\0\0", 14);
    static_cast<void>(srp->step(identity));
    RINGPOST_ASSERT(srp->step(octets).kind == sasl::Step::Kind::failed);
  }
  return 0;
}
