#include "tls/client_context.h"

#include "tls/client_sessions.h"
#include "tls/key_pair.h"

namespace ringpost::tls {

namespace {

/// All problems go into `problems`; the credentials are usable only when there are none.
std::unique_ptr<ClientCredentials> load(const ClientOptions& options, std::vector<Error>& problems) {
  auto credentials = std::make_unique<ClientCredentials>();
  credentials->context = wolf::make_context(false, options.min_version, options.max_version);
  // The library verifies nothing by itself (trust.h says why); without this it would not go on without authorities.
  wolfSSL_CTX_set_verify(credentials->context.get(), WOLFSSL_VERIFY_NONE, nullptr);
  wolfSSL_CTX_UseSessionTicket(credentials->context.get());
  if (!options.ca_file.empty()) {
    auto trust = TrustStore::load(options.ca_file);
    if (trust) {
      credentials->trust = std::move(*trust);
    } else {
      problems.push_back(std::move(trust.error()));
    }
  }
  if (!options.certificate.empty()) {
    auto pair = load_key_pair(credentials->context.get(), options.certificate, options.key);
    if (!pair) problems.push_back(std::move(pair.error()));
  }
  return credentials;
}

}  // namespace

Result<std::unique_ptr<ClientContext>> ClientContext::create(const ClientOptions& options) {
  std::vector<Error> problems;
  std::unique_ptr<ClientContext> context = load(options, problems);
  if (!problems.empty()) return std::unexpected(std::move(problems.front()));
  return context;
}

std::vector<std::string> examine(const ClientOptions& options) {
  std::vector<Error> problems;
  load(options, problems);
  std::vector<std::string> texts;
  for (Error& problem : problems) texts.push_back(std::move(problem.reason));
  return texts;
}

}  // namespace ringpost::tls
