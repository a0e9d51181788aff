#include "tls/server_context.h"

#include <ctime>

#include "base/assert.h"
#include "base/text.h"
#include "tls/file_text.h"
#include "tls/key_pair.h"
#include "tls/server_credentials.h"
#include "tls/tickets.h"

namespace ringpost::tls {

namespace {

constexpr std::int64_t expires_soon = 7 * 24 * 3600;

#ifdef WOLFSSL_GIVEN_STAPLE
int give_staple(void* context, const char*, int, unsigned char*, int, unsigned char** response) {
  const auto* staple = static_cast<const Staple*>(context);
  if (!staple->usable_at(std::time(nullptr))) return 0;
  *response = const_cast<unsigned char*>(wolf::bytes(staple->der));
  return static_cast<int>(staple->der.size());
}
#endif

/// Failing to staple is no reason not to serve: it is a warning.
void use_staple(ServerCertificate& entry, const std::string& file, const KeyPair& pair,
                std::vector<std::string>& warnings) {
  auto staple = read_staple(file, pair.leaf_der, pair.chain_pem);
  if (!staple) {
    warnings.push_back(staple.error().reason + "; it is not stapled");
    return;
  }
#ifdef WOLFSSL_GIVEN_STAPLE
  entry.staple = std::move(*staple);
  RINGPOST_ASSERT(wolfSSL_CTX_EnableOCSPStapling(entry.context.get()) == WOLFSSL_SUCCESS);
  wolfSSL_CTX_SetOCSP_Cb(entry.context.get(), give_staple, nullptr, entry.staple.get());
#else
  static_cast<void>(entry);
  warnings.push_back(file + ": stapling needs the library that deploy/wolfssl.sh builds; it is not stapled");
#endif
}

Result<ServerCertificate> load_certificate(const CertificateFiles& files, Version min_version, TicketKeys& tickets,
                                           std::vector<std::string>& warnings) {
  ServerCertificate entry;
  entry.context = wolf::make_context(true, min_version);
  auto pair = load_key_pair(entry.context.get(), files.certificate, files.key);
  if (!pair) return propagate(pair);
  entry.facts = pair->facts;
  if (entry.facts.not_after < std::time(nullptr) + expires_soon) {
    warnings.push_back(files.certificate + ": the certificate expires within a week");
  }
  if (!files.ocsp.empty()) use_staple(entry, files.ocsp, *pair, warnings);
  use_tickets(entry.context.get(), tickets);
  return entry;
}

/// All problems go into `problems`; the credentials are usable only when there are none.
std::shared_ptr<ServerCredentials> load(const ServerOptions& options, std::shared_ptr<TicketKeys> tickets,
                                        std::vector<Error>& problems) {
  auto credentials = std::make_shared<ServerCredentials>(std::move(tickets));
  if (options.certificates.empty()) problems.emplace_back(ErrorKind::invalid, "no certificate is configured");
  for (const CertificateFiles& files : options.certificates) {
    auto entry = load_certificate(files, options.min_version, *credentials->tickets, credentials->all_warnings);
    if (entry) {
      credentials->certificates.push_back(std::move(*entry));
    } else {
      problems.push_back(std::move(entry.error()));
    }
  }
  credentials->asks_for_certificate = options.request_client_certificate || !options.client_ca.empty();
  if (!options.client_ca.empty()) {
    auto trust = TrustStore::load(options.client_ca);
    if (trust) {
      credentials->client_trust = std::move(*trust);
    } else {
      problems.push_back(std::move(trust.error()));
    }
  }
  return credentials;
}

Result<std::shared_ptr<ServerContext>> load_or_first_problem(const ServerOptions& options,
                                                             std::shared_ptr<TicketKeys> tickets) {
  std::vector<Error> problems;
  std::shared_ptr<ServerContext> context = load(options, std::move(tickets), problems);
  if (!problems.empty()) return std::unexpected(std::move(problems.front()));
  return context;
}

}  // namespace

NameMatch match_of(const CertificateFacts& facts, std::string_view server_name) {
  NameMatch best = NameMatch::none;
  const auto consider = [&](std::string_view pattern) {
    if (!name_matches(pattern, server_name)) return;
    if (pattern == server_name) best = NameMatch::exact;
    if (best == NameMatch::none) best = NameMatch::wildcard;
  };
  if (!facts.has_alternative_names) consider(to_lower(facts.common_name));
  for (const std::string& pattern : facts.dns_names) consider(pattern);
  return best;
}

const ServerCertificate& ServerCredentials::choose(std::string_view server_name) const {
  const ServerCertificate* chosen = &certificates.front();
  NameMatch best = NameMatch::none;
  if (server_name.empty()) return *chosen;
  for (const ServerCertificate& each : certificates) {
    const NameMatch match = match_of(each.facts, server_name);
    if (match <= best) continue;
    best = match;
    chosen = &each;
  }
  return *chosen;
}

Result<std::shared_ptr<ServerContext>> ServerContext::create(const ServerOptions& options) {
  return load_or_first_problem(options, std::make_shared<TicketKeys>());
}

Result<std::shared_ptr<ServerContext>> ServerContext::reload(const ServerOptions& options,
                                                             const ServerContext& before) {
  return load_or_first_problem(options, static_cast<const ServerCredentials&>(before).tickets);
}

std::vector<std::string> examine(const ServerOptions& options) {
  std::vector<Error> problems;
  const auto credentials = load(options, std::make_shared<TicketKeys>(), problems);
  std::vector<std::string> texts;
  for (Error& problem : problems) texts.push_back(std::move(problem.reason));
  texts.insert(texts.end(), credentials->all_warnings.begin(), credentials->all_warnings.end());
  return texts;
}

std::string stamp(const ServerOptions& options) {
  std::string all;
  for (const CertificateFiles& files : options.certificates) {
    for (const std::string* file : {&files.certificate, &files.key, &files.ocsp}) {
      if (!file->empty()) all += *file + "=" + file_stamp(*file) + ";";
    }
  }
  if (!options.client_ca.empty()) all += options.client_ca + "=" + file_stamp(options.client_ca);
  return all;
}

}  // namespace ringpost::tls
