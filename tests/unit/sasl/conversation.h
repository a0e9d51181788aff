// What the tests of the server's mechanisms share: a server over a FakeStore, GNU SASL's own client as the peer, and a
// conversation between the two.
#pragma once

#include <gmock/gmock.h>
#include <gsasl.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "sasl/fake_store.h"
#include "sasl/server.h"

namespace ringpost::sasl {

using test::FakeStore;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

inline const std::vector<std::string> every_mechanism{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
                                                      "SCRAM-SHA-1",        "PLAIN",         "LOGIN",
                                                      "CRAM-MD5",           "DIGEST-MD5",    "EXTERNAL"};

inline Channel tls_channel() {
  return {.encrypted = true,
          .binding = "the binding of this very channel",
          .binding_type = "tls-exporter",
          .certificate_identities = {}};
}

struct Fixture {
  FakeStore store;
  Options options{.mechanisms = every_mechanism, .realm = "", .keytab = "", .oauth2 = {}};
  std::unique_ptr<Server> server = make();

  std::unique_ptr<Server> make() {
    auto made = Server::create(options, "mx.example.com", store);
    EXPECT_TRUE(made.has_value()) << made.error().reason;
    return std::move(*made);
  }
  std::unique_ptr<ServerExchange> start(std::string_view mechanism, Channel channel = tls_channel()) const {
    auto exchange = server->start(mechanism, std::move(channel));
    EXPECT_TRUE(exchange.has_value()) << exchange.error().reason;
    return std::move(*exchange);
  }
};

/// GNU SASL's client, told everything by properties.
class LibraryClient {
 public:
  using Properties = std::map<Gsasl_property, std::string>;

  LibraryClient(const std::string& mechanism, Properties properties) : properties_(std::move(properties)) {
    EXPECT_EQ(gsasl_init(&context_), GSASL_OK);
    gsasl_callback_set(context_, [](Gsasl*, Gsasl_session* session, Gsasl_property property) -> int {
      auto* self = static_cast<LibraryClient*>(gsasl_session_hook_get(session));
      const auto found = self->properties_.find(property);
      if (found == self->properties_.end()) return GSASL_NO_CALLBACK;
      return gsasl_property_set(session, property, found->second.c_str());
    });
    EXPECT_EQ(gsasl_client_start(context_, mechanism.c_str(), &session_), GSASL_OK);
    gsasl_session_hook_set(session_, this);
  }
  ~LibraryClient() {
    gsasl_finish(session_);
    gsasl_done(context_);
  }
  LibraryClient(const LibraryClient&) = delete;
  LibraryClient& operator=(const LibraryClient&) = delete;

  /// nullopt: the library is not content with the server.
  std::optional<std::string> step(std::string_view challenge) {
    char* raw = nullptr;
    std::size_t octets = 0;
    const std::string input(challenge);
    code = gsasl_step(session_, input.data(), input.size(), &raw, &octets);
    std::optional<std::string> output;
    if (code == GSASL_OK || code == GSASL_NEEDS_MORE) output = raw ? std::string(raw, octets) : "";
    gsasl_free(raw);
    return output;
  }

  int code = GSASL_OK;

 private:
  Properties properties_;
  Gsasl* context_ = nullptr;
  Gsasl_session* session_ = nullptr;
};

inline LibraryClient::Properties ann(const std::string& password = "open sesame") {
  return {{GSASL_AUTHID, "ann@example.com"},
          {GSASL_PASSWORD, password},
          {GSASL_SERVICE, "smtp"},
          {GSASL_HOSTNAME, "mx.example.com"},
          {GSASL_QOP, "qop-auth"}};
}

struct Talk {
  Step last;
  std::vector<std::string> challenges;
  bool client_gave_up = false;
};

inline bool client_speaks_first(std::string_view mechanism) {
  return mechanism.starts_with("SCRAM-") || mechanism == "PLAIN" || mechanism == "EXTERNAL";
}

/// To the end, which is a verdict of the server or the client's giving up.
inline Talk converse(ServerExchange& server, LibraryClient& client, std::optional<std::string> first) {
  Talk talk;
  std::optional<std::string> response = std::move(first);
  for (int turns = 0; turns < 20; ++turns) {
    talk.last = server.step(response);
    if (talk.last.kind != Step::Kind::challenge) return talk;
    talk.challenges.push_back(talk.last.output);
    response = client.step(talk.last.output);
    if (!response) {
      talk.client_gave_up = true;
      return talk;
    }
  }
  ADD_FAILURE() << "it does not end";
  return talk;
}

inline Talk converse(const Fixture& fixture, const std::string& mechanism, LibraryClient::Properties properties,
                     Channel channel = tls_channel()) {
  const auto exchange = fixture.start(mechanism, std::move(channel));
  LibraryClient client(mechanism, std::move(properties));
  return converse(*exchange, client, client_speaks_first(mechanism) ? client.step("") : std::nullopt);
}

inline bool succeeded(const Talk& talk) {
  return talk.last.kind == Step::Kind::succeeded && !talk.client_gave_up;
}

inline void expect_failure(const Step& step, Failure failure) {
  EXPECT_EQ(step.kind, Step::Kind::failed);
  EXPECT_EQ(step.failure, failure) << step.reason;
  EXPECT_FALSE(step.reason.empty());
  EXPECT_TRUE(step.output.empty());
  EXPECT_TRUE(step.identity.login.empty());
}

}  // namespace ringpost::sasl
