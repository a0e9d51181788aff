#include "tls/staple.h"

#include <ctime>

#include "tls/certificate.h"
#include "tls/der.h"
#include "tls/file_text.h"
#include "tls/wolf.h"

namespace ringpost::tls {

namespace {

constexpr std::size_t staple_octets_max = 16'384;
constexpr std::string_view end_of_certificate = "-----END CERTIFICATE-----";

/// nextUpdate of the first single response (RFC 6960 4.2.1); 0: there is none.
std::int64_t next_update_of(std::string_view response) {
  DerReader outer(DerReader(response).next(der::sequence));
  outer.next();  // status
  DerReader typed(DerReader(outer.next(der::context_constructed(0))).next(der::sequence));
  typed.next(der::oid);
  DerReader basic(DerReader(typed.next(der::octet_string)).next(der::sequence));
  DerReader data(basic.next(der::sequence));
  data.next(der::context_constructed(0));  // version
  data.next();                             // responder
  data.next();                             // produced at
  DerReader single(DerReader(data.next(der::sequence)).next(der::sequence));
  single.next();  // certificate
  single.next();  // status
  single.next();  // this update
  return read_der_time(DerReader(single.next(der::context_constructed(0))).next());
}

int give_response(void* context, const char*, int, unsigned char*, int, unsigned char** response) {
  const auto* octets = static_cast<const std::string*>(context);
  *response = const_cast<unsigned char*>(wolf::bytes(*octets));
  return static_cast<int>(octets->size());
}

void keep_response(void*, unsigned char*) {}

/// What a certificate manager that trusts the issuers of the chain makes of the response.
std::string problem_of(std::string& response, std::string_view leaf_der, std::string_view issuers_pem) {
  const wolf::Manager manager(wolfSSL_CertManagerNew());
  if (wolfSSL_CertManagerLoadCABuffer(manager.get(), wolf::bytes(issuers_pem), static_cast<long>(issuers_pem.size()),
                                      WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS) {
    return "the certificate file has no issuer behind the leaf, which is needed to check the response";
  }
  wolfSSL_CertManagerEnableOCSP(manager.get(), WOLFSSL_OCSP_URL_OVERRIDE | WOLFSSL_OCSP_NO_NONCE);
  wolfSSL_CertManagerSetOCSPOverrideURL(manager.get(), "file");
  wolfSSL_CertManagerSetOCSP_Cb(manager.get(), give_response, keep_response, &response);
  std::string leaf(leaf_der);
  const int checked = wolfSSL_CertManagerCheckOCSP(manager.get(), reinterpret_cast<unsigned char*>(leaf.data()),
                                                   static_cast<int>(leaf.size()));
  return checked == WOLFSSL_SUCCESS ? std::string()
                                    : "not a good response for the certificate: " + wolf::error_text(checked);
}

}  // namespace

Result<std::unique_ptr<Staple>> read_staple(const std::string& file, std::string_view leaf_der,
                                            std::string_view chain_pem) {
  auto text = read_file_text(file);
  if (!text) return propagate(text);
  if (text->empty() || text->size() > staple_octets_max) {
    return fail(ErrorKind::invalid, file + ": not an OCSP response");
  }
  const std::size_t leaf_end = chain_pem.find(end_of_certificate);
  const std::string_view issuers =
      leaf_end == std::string_view::npos ? std::string_view() : chain_pem.substr(leaf_end + end_of_certificate.size());
  const std::string problem = problem_of(*text, leaf_der, issuers);
  if (!problem.empty()) return fail(ErrorKind::invalid, file + ": " + problem);
  auto staple = std::make_unique<Staple>();
  staple->next_update = next_update_of(*text);
  staple->der = std::move(*text);
  if (!staple->usable_at(std::time(nullptr))) return fail(ErrorKind::invalid, file + ": the OCSP response has expired");
  return staple;
}

}  // namespace ringpost::tls
