#include "sasl/srp_exchange.h"

#include <span>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "crypto/equal.h"
#include "crypto/srp_server.h"
#include "mail/saslprep.h"
#include "sasl/srp_message.h"
#include "sasl/srp_proof.h"

namespace ringpost::sasl {

namespace {

constexpr std::size_t salt_octets = 16;
constexpr std::size_t vector_octets = 16;
constexpr std::size_t verifier_octets = 255;  // below any modulus of 2048 bits

std::optional<crypto::Digest> digest_named(std::string_view name) noexcept {
  if (iequals(name, "SHA-1")) return crypto::Digest::sha1;
  if (iequals(name, "SHA-256")) return crypto::Digest::sha256;
  return std::nullopt;
}

class SrpExchange final : public ServerExchange {
 public:
  explicit SrpExchange(account::Store& store) : store_(store) {}

  Step step(std::optional<std::string_view> input) override {
    if (!input || (input->empty() && turn_ == Turn::identity)) return challenge({});
    switch (turn_) {
      case Turn::identity:
        return take_identity(*input);
      case Turn::evidence:
        return take_evidence(*input);
      case Turn::done:
        break;
    }
    if (!accepted_ || !input->empty()) return failed(Failure::malformed, "more data where nothing was left to say");
    Step step;
    step.kind = Step::Kind::succeeded;
    step.identity = std::move(account_->identity);
    return step;
  }

 private:
  enum class Turn : std::uint8_t { identity, evidence, done };

  static Step challenge(std::string octets) {
    Step step;
    step.kind = Step::Kind::challenge;
    step.output = std::move(octets);
    return step;
  }

  Step failed(Failure failure, std::string reason) {
    Step step;
    step.kind = Step::Kind::failed;
    step.failure = failure;
    step.login = client_.user;
    step.reason = std::move(reason);
    return step;
  }

  Step take_identity(std::string_view octets) {
    auto message = parse_srp_identity(octets);
    if (!message) return failed(Failure::malformed, "not the first message of SRP");
    client_ = std::move(*message);
    const auto login = mail::saslprep(client_.user);
    auto account = login ? store_.find(*login) : fail(ErrorKind::not_found, "no name");
    if (!account && account.error().kind != ErrorKind::not_found)
      return failed(Failure::unavailable, account.error().reason);
    if (account) account_ = std::move(*account);
    if (!start_as_account()) start_as_nobody();
    if (!server_) return failed(Failure::unavailable, "no SRP keys");
    turn_ = Turn::evidence;
    return challenge(write_srp_parameters({.modulus = crypto::srp_modulus_octets(),
                                           .generator = crypto::srp_generator_octets(),
                                           .salt = salt_,
                                           .key = server_->public_key(),
                                           .offered = offered_}));
  }

  bool start_as_account() {
    if (!account_ || !account_->srp) return false;
    const account::SrpVerifier& srp = *account_->srp;
    const auto kind = digest_named(srp.digest);
    if (!kind || srp.salt.empty() || srp.salt.size() > 255) return false;
    real_ = start(*kind, srp.digest, srp.salt, srp.verifier);
    return real_;
  }

  // With a verifier that nobody has the password of, and always the same salt for the same name, as a real one has.
  void start_as_nobody() {
    const std::string seed = store_.decoy(mail::saslprep(client_.user).value_or(client_.user), false).salt;
    const std::string salt = crypto::digest(crypto::Digest::sha256, "srp" + seed).substr(0, salt_octets);
    std::string verifier(verifier_octets, '\0');
    random_octets(std::as_writable_bytes(std::span(verifier)));
    start(crypto::Digest::sha1, "SHA-1", salt, verifier);
  }

  bool start(crypto::Digest kind, const std::string& digest, const std::string& salt, std::string_view verifier) {
    auto server = crypto::SrpServer::start(verifier);
    if (!server) return false;
    server_.emplace(std::move(*server));
    kind_ = kind;
    offered_ = "mda=" + digest;
    salt_ = salt;
    return true;
  }

  Step take_evidence(std::string_view octets) {
    turn_ = Turn::done;
    const auto message = parse_srp_evidence(octets);
    if (!message) return failed(Failure::malformed, "not the second message of SRP");
    if (!srp_options_fit(message->wanted, offered_.substr(4)))
      return failed(Failure::malformed, "options that were not offered");
    auto secret = server_->secret(kind_, message->key);
    if (!secret) return failed(Failure::malformed, secret.error().reason);
    std::string key = crypto::digest(kind_, *secret);
    crypto::wipe(*secret);
    const SrpTranscript transcript{.kind = kind_,
                                   .user = client_.user,
                                   .identity = client_.identity,
                                   .salt = salt_,
                                   .client_key = message->key,
                                   .server_key = server_->public_key(),
                                   .offered = offered_,
                                   .wanted = message->wanted,
                                   .key = key};
    const bool proved = crypto::equal_in_constant_time(srp_client_proof(transcript), message->proof);
    std::string vector(vector_octets, '\0');
    random_octets(std::as_writable_bytes(std::span(vector)));
    std::string answer = write_srp_proof(srp_server_proof(transcript, message->proof), vector);
    crypto::wipe(key);
    return judge(proved, std::move(answer));
  }

  Step judge(bool proved, std::string answer) {
    if (!real_) return failed(Failure::credentials, account_ ? "the account has no SRP verifier" : "no such account");
    if (!proved) return failed(Failure::credentials, "wrong password");
    if (!account_->enabled) return failed(Failure::credentials, "the account is disabled");
    const bool itself =
        client_.identity.empty() || client_.identity == client_.user || client_.identity == account_->identity.login;
    if (!itself) return failed(Failure::not_permitted, "would act as '" + printable(client_.identity, 100) + "'");
    accepted_ = true;
    return challenge(std::move(answer));
  }

  account::Store& store_;  // the server's
  Turn turn_ = Turn::identity;
  SrpIdentity client_;
  std::optional<account::Account> account_;
  bool real_ = false;      // the verifier is the account's
  bool accepted_ = false;  // the client has proved itself, and now looks at our proof
  crypto::Digest kind_ = crypto::Digest::sha1;
  std::string salt_, offered_;
  std::optional<crypto::SrpServer> server_;
};

}  // namespace

Result<Maker> prepare_srp(const ServerContext& context) {
  return [&context](Channel) -> Result<std::unique_ptr<ServerExchange>> { return make_srp_exchange(context.store); };
}

std::unique_ptr<ServerExchange> make_srp_exchange(account::Store& store) {
  return std::make_unique<SrpExchange>(store);
}

}  // namespace ringpost::sasl
