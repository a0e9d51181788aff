// What the server's exchanges through GNU SASL share: bounds before the library sees an octet, whose turn it is, what
// was learnt of the account on the way, and the verdict. A mechanism derives from it and answers the library's
// questions; it never decides success itself: that takes an account, enabled, that the client may act as.
//
// Data that comes with success (a SCRAM server's signature, rspauth) has no place in a 235, so it leaves as one more
// challenge, which the client answers with nothing (RFC 4954 4).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "account/store.h"
#include "sasl/gsasl_session.h"
#include "sasl/mechanism.h"
#include "smtp/limits.h"

namespace ringpost::sasl {

inline constexpr std::size_t response_octets_max = smtp::limits::auth_line_octets_max;
inline constexpr std::size_t login_octets_max = 512;  // longer ones name nobody
inline constexpr unsigned exchange_steps_max = 10;    // GSSAPI takes the most, about five

struct Refusal {
  Failure failure = Failure::credentials;
  std::string reason;
};

class GsaslExchange : public ServerExchange, private GsaslSession::Owner {
 public:
  ~GsaslExchange() override;
  /// Errors: unavailable.
  Result<void> begin(const GsaslSession::Context& context, const std::string& mechanism);
  Step step(std::optional<std::string_view> input) final;

 protected:
  enum class First : std::uint8_t { client, server, either };
  struct Manners {
    First first = First::client;
    bool text = true;             // a NUL in a response is an error
    bool empty_response = false;  // a first response of no octets means something
  };

  GsaslExchange(account::Store& store, Manners manners) noexcept : store_(store), manners_(manners) {}

  /// Before the library sees it: what the library would take and should not.
  virtual std::optional<Refusal> check(std::string_view /*response*/) { return std::nullopt; }
  virtual GsaslSession::Outcome advance(std::optional<std::string_view> input) { return session().step(input); }
  int answer(Gsasl_property property) override = 0;
  /// Whose right it is to act as `authzid`, which is not empty and after SASLprep.
  virtual bool may_act_as(const std::string& authzid) const;

  GsaslSession& session() noexcept { return *session_; }
  account::Store& store() noexcept { return store_; }

  /// The account of `login`, which is remembered for the verdict, as is why there is none (nullptr).
  const account::Account* look_up(std::string_view login);
  void remember_claim(std::string_view login);
  void remember_account(account::Account account) { account_ = std::move(account); }
  /// The first counts, but that a back end is down counts more.
  void remember_refusal(Failure failure, std::string reason);
  void remember_error(const Error& error);
  const std::string& claimed() const noexcept { return login_; }
  /// False: nobody can be called that, and no store is asked.
  bool claims_a_name() const;

 private:
  std::optional<Refusal> check_turn(const std::optional<std::string_view>& input) const;
  Step conclude(GsaslSession::Outcome outcome);
  std::optional<Refusal> verdict() const;
  Step succeeded();
  Step failed(Failure failure, std::string reason);

  account::Store& store_;
  const Manners manners_;
  std::unique_ptr<GsaslSession> session_;
  std::string login_;  // claimed, after SASLprep where that is possible
  std::optional<account::Account> account_;
  std::optional<Refusal> refusal_;
  unsigned steps_ = 0;
  bool spoken_ = false;      // the client has sent its first response
  bool proof_said_ = false;  // it has succeeded; our last data is with the client
  bool over_ = false;
};

/// What a Mechanism's `prepare` returns for exchanges that need nothing but a context of GNU SASL: `make` takes the
/// channel and gives an exchange that has not begun. Errors: invalid (this GNU SASL was built without it), unavailable.
template <class Make>
Result<Maker> gsasl_maker(std::string name, Make make) {
  auto context = GsaslSession::make_context();
  if (!context) return propagate(context);
  if (!GsaslSession::supports(*context, GsaslSession::Side::server, name))
    return fail(ErrorKind::invalid, "this GNU SASL was built without " + name);
  return Maker([context = std::move(*context), name = std::move(name),
                make = std::move(make)](Channel channel) -> Result<std::unique_ptr<ServerExchange>> {
    auto exchange = make(std::move(channel));
    auto begun = exchange->begin(context, name);
    if (!begun) return propagate(begun);
    return exchange;
  });
}

}  // namespace ringpost::sasl
