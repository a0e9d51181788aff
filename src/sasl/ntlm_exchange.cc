#include "sasl/ntlm_exchange.h"

#include <cstdlib>
#include <span>
#include <utility>

#include "base/random.h"
#include "crypto/equal.h"
#include "mail/saslprep.h"
#include "sasl/ntlm_message.h"
#include "sasl/ntlm_proof.h"
#include "sasl/utf16.h"

namespace ringpost::sasl {

namespace {

constexpr std::chrono::milliseconds clock_difference_max = std::chrono::minutes(30);
constexpr std::size_t name_octets_max = 512;
constexpr std::size_t nonce_octets = 8;

Step challenge(std::string octets) {
  Step step;
  step.kind = Step::Kind::challenge;
  step.output = std::move(octets);
  return step;
}

Step failed(Failure failure, std::string login, std::string reason) {
  Step step;
  step.kind = Step::Kind::failed;
  step.failure = failure;
  step.login = std::move(login);
  step.reason = std::move(reason);
  return step;
}

// The names an account may have whom a client calls `user` of `domain`, in the order to try.
std::vector<std::string> logins(const std::string& user, const std::string& domain) {
  std::vector<std::string> names{user};
  const auto backslash = user.find('\\');
  const std::string bare = backslash == std::string::npos ? user : user.substr(backslash + 1);
  const std::string of = backslash == std::string::npos ? domain : user.substr(0, backslash);
  if (backslash != std::string::npos) names.push_back(bare);
  if (!of.empty() && bare.find('@') == std::string::npos) names.push_back(bare + "@" + of);
  std::vector<std::string> prepared;
  for (const std::string& name : names)
    if (auto login = mail::saslprep(name)) prepared.push_back(std::move(*login));
  return prepared;
}

class NtlmExchange final : public ServerExchange {
 public:
  NtlmExchange(account::Store& store, std::string domain, std::string hostname, std::function<WallTime()> clock)
      : store_(store), domain_(std::move(domain)), hostname_(std::move(hostname)), clock_(std::move(clock)) {}

  Step step(std::optional<std::string_view> input) override {
    if (!input || (input->empty() && negotiate_.empty())) return challenge({});
    return negotiate_.empty() ? take_negotiate(*input) : take_authenticate(*input);
  }

 private:
  Step take_negotiate(std::string_view octets) {
    const auto flags = parse_ntlm_negotiate(octets);
    if (!flags) return failed(Failure::malformed, {}, flags.error().reason);
    nonce_.resize(nonce_octets);
    random_octets(std::as_writable_bytes(std::span(nonce_)));
    negotiate_ = octets;
    challenge_ = write_ntlm_challenge(
        {.client_flags = *flags, .nonce = nonce_, .domain = domain_, .host = hostname_, .now = clock_()});
    return challenge(challenge_);
  }

  Step take_authenticate(std::string_view octets) {
    const auto message = parse_ntlm_authenticate(octets);
    if (!message) return failed(Failure::malformed, {}, message.error().reason);
    const auto user = utf8_from_utf16le(message->user), domain = utf8_from_utf16le(message->domain);
    const bool fine = user && domain && !user->empty() && user->size() + domain->size() <= name_octets_max &&
                      user->find('\0') == user->npos && domain->find('\0') == domain->npos;
    if (!fine) return failed(Failure::malformed, {}, "the name in the authenticate message cannot be one");
    if (message->nt_response.size() <= 24)
      return failed(Failure::too_weak, *user, "the client answers with LM or NTLM version 1");
    const auto response = parse_ntlm_response(message->nt_response);
    if (!response) return failed(Failure::malformed, *user, "the answer is not one of NTLM version 2");
    auto account = find_account(logins(*user, *domain));
    if (!account && account.error().kind != ErrorKind::not_found)
      return failed(Failure::unavailable, *user, account.error().reason);
    return check(octets, *message, *response, *user, account ? &*account : nullptr);
  }

  Result<account::Account> find_account(const std::vector<std::string>& names) {
    Result<account::Account> account = fail(ErrorKind::not_found, "no name");
    for (const std::string& name : names) {
      account = store_.find(name);
      if (account || account.error().kind != ErrorKind::not_found) break;
    }
    return account;
  }

  // Where there is no account, or none with a password, the same is computed with none.
  Step check(std::string_view octets, const NtlmAuthenticate& message, const NtlmResponse& response,
             const std::string& user, account::Account* account) {
    const bool usable = account != nullptr && account->password.has_value();
    std::string key = ntlm_key(usable ? *account->password : "", message.user, message.domain);
    const bool proved = crypto::equal_in_constant_time(ntlm_proof(key, nonce_, response.blob), response.proof);
    const bool intact = !response.has_mic || mic_fits(octets, message, key, response.proof);
    crypto::wipe(key);
    if (account != nullptr && account->password) crypto::wipe(*account->password);
    const std::string login = account != nullptr ? account->identity.login : user;
    if (account == nullptr) return failed(Failure::credentials, login, "no such account");
    if (!usable) return failed(Failure::credentials, login, "the account keeps no password for NTLM");
    if (!proved) return failed(Failure::credentials, login, "wrong password");
    if (!intact) return failed(Failure::credentials, login, "the messages were changed on their way (MIC)");
    if (!account->enabled) return failed(Failure::credentials, login, "the account is disabled");
    const std::int64_t difference = clock_().milliseconds - response.time.milliseconds;
    if (std::abs(difference) > clock_difference_max.count())
      return failed(Failure::credentials, login, "the client's clock is off by more than 30 minutes");
    Step step;
    step.kind = Step::Kind::succeeded;
    step.identity = std::move(account->identity);
    return step;
  }

  bool mic_fits(std::string_view octets, const NtlmAuthenticate& message, std::string_view key,
                std::string_view proof) const {
    if (!message.mic) return false;
    std::string messages = negotiate_ + challenge_ + std::string(octets);
    messages.replace(negotiate_.size() + challenge_.size() + ntlm_mic_offset, ntlm_mic_octets, ntlm_mic_octets, '\0');
    return crypto::equal_in_constant_time(ntlm_mic(key, proof, messages), *message.mic);
  }

  account::Store& store_;  // the server's
  const std::string domain_, hostname_;
  const std::function<WallTime()> clock_;
  std::string negotiate_, challenge_;  // empty until the first message came
  std::string nonce_;
};

}  // namespace

Result<Maker> prepare_ntlm(const ServerContext& context) {
  return [&context](Channel) -> Result<std::unique_ptr<ServerExchange>> {
    return make_ntlm_exchange(context.store, context.realm(), context.hostname);
  };
}

std::unique_ptr<ServerExchange> make_ntlm_exchange(account::Store& store, std::string domain, std::string hostname,
                                                   std::function<WallTime()> clock) {
  return std::make_unique<NtlmExchange>(store, std::move(domain), std::move(hostname), std::move(clock));
}

}  // namespace ringpost::sasl
