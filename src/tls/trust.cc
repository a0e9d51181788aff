#include "tls/trust.h"

#include <algorithm>

#include "base/assert.h"
#include "tls/certificate.h"
#include "tls/certificate_problem.h"
#include "tls/file_text.h"

namespace ringpost::tls {

namespace {

constexpr std::size_t chain_length_max = 6;

/// WOLFSSL_SUCCESS or an error: signature by an authority in `manager`, dates, constraints.
int verify_link(WOLFSSL_CERT_MANAGER* manager, std::string_view der) {
  return wolfSSL_CertManagerVerifyBuffer(manager, wolf::bytes(der), static_cast<long>(der.size()),
                                         WOLFSSL_FILETYPE_ASN1);
}

std::string in_words(int error) {
  switch (error) {
    case ASN_NO_SIGNER_E:
      return std::string(problem::issuer_not_trusted);
    case ASN_SELF_SIGNED_E:
      return std::string(problem::self_signed);
    case ASN_AFTER_DATE_E:
      return std::string(problem::expired);
    case ASN_BEFORE_DATE_E:
      return std::string(problem::not_yet_valid);
    case ASN_SIG_CONFIRM_E:
      return "its signature is wrong";
    default:
      return wolf::error_text(error);
  }
}

/// `der`, which was verified, may sign the `below` authorities and the leaf that come before it in the chain.
bool may_sign(std::string_view der, std::size_t below) {
  const auto facts = read_certificate(der);
  return facts && facts->is_authority && facts->may_sign_certificates &&
         (facts->path_length < 0 || static_cast<std::size_t>(facts->path_length) >= below);
}

}  // namespace

// Each link is verified with only the one above it, so the constraints of an authority reach the link below it and, by
// may_sign(), the length of the path.
std::string problem_below(std::span<const std::string_view> chain, std::size_t anchor) {
  for (std::size_t i = anchor; i > 0; --i) {
    if (!may_sign(chain[i], i - 1)) return "a certificate of its chain may not sign others";
    wolf::initialise();
    const wolf::Manager issuer(wolfSSL_CertManagerNew());
    const int loaded = wolfSSL_CertManagerLoadCABuffer(issuer.get(), wolf::bytes(chain[i]),
                                                       static_cast<long>(chain[i].size()), WOLFSSL_FILETYPE_ASN1);
    if (loaded != WOLFSSL_SUCCESS) return in_words(loaded);
    const int verified = verify_link(issuer.get(), chain[i - 1]);
    if (verified != WOLFSSL_SUCCESS) return in_words(verified);
  }
  return {};
}

TrustStore::TrustStore() {
  wolf::initialise();
  manager_.reset(wolfSSL_CertManagerNew());
  RINGPOST_ASSERT(manager_ != nullptr);
}

Result<TrustStore> TrustStore::load(const std::string& file) {
  auto text = read_file_text(file);
  if (!text) return propagate(text);
  TrustStore store;
  const int loaded = wolfSSL_CertManagerLoadCABuffer(store.manager_.get(), wolf::bytes(*text),
                                                     static_cast<long>(text->size()), WOLFSSL_FILETYPE_PEM);
  if (loaded != WOLFSSL_SUCCESS) {
    return fail(ErrorKind::invalid, file + ": no certificate of an authority in it: " + wolf::error_text(loaded));
  }
  store.empty_ = false;
  return store;
}

std::string TrustStore::problem_of(std::span<const std::string_view> chain, Purpose purpose) const {
  if (chain.empty()) return "no certificate";
  const auto leaf = read_certificate(chain.front());
  if (!leaf) return "not a certificate";
  if (empty_) return std::string(problem::no_authorities);
  if (!(purpose == Purpose::server ? leaf->for_servers : leaf->for_clients)) {
    return purpose == Purpose::server ? "not made for servers" : "not made for clients";
  }
  std::string problem;
  for (std::size_t top = 0; top < std::min(chain.size(), chain_length_max); ++top) {
    const int verified = verify_link(manager_.get(), chain[top]);
    const std::string why = verified == WOLFSSL_SUCCESS ? problem_below(chain, top) : in_words(verified);
    if (why.empty()) return {};
    // What is wrong with the leaf says most, unless only its issuer is not among the authorities.
    if (top == 0 || verified == WOLFSSL_SUCCESS) problem = why;
    if (top == 0 && verified != ASN_NO_SIGNER_E && verified != ASN_SELF_SIGNED_E) return problem;
  }
  return problem;
}

}  // namespace ringpost::tls
