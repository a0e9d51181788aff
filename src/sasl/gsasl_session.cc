#include "sasl/gsasl_session.h"

#include <string.h>

#include <exception>

#include "crypto/equal.h"

namespace ringpost::sasl {

namespace {

int ask_owner(Gsasl* /*context*/, Gsasl_session* session, Gsasl_property property) {
  if (!session) return GSASL_NO_CALLBACK;
  auto* owner = static_cast<GsaslSession::Owner*>(gsasl_session_hook_get(session));
  if (!owner) return GSASL_NO_CALLBACK;
  try {
    return owner->answer(property);
  } catch (const std::exception&) {
    return GSASL_MALLOC_ERROR;
  }
}

}  // namespace

Result<GsaslSession::Context> GsaslSession::make_context() {
  Gsasl* raw = nullptr;
  if (const int code = gsasl_init(&raw); code != GSASL_OK)
    return fail(ErrorKind::unavailable, "GNU SASL does not start: " + gsasl_reason(code));
  gsasl_callback_set(raw, ask_owner);
  return Context(raw, gsasl_done);
}

bool GsaslSession::supports(const Context& context, Side side, const std::string& mechanism) noexcept {
  return side == Side::server ? gsasl_server_support_p(context.get(), mechanism.c_str()) != 0
                              : gsasl_client_support_p(context.get(), mechanism.c_str()) != 0;
}

Result<std::unique_ptr<GsaslSession>> GsaslSession::start(Context context, Side side, const std::string& mechanism,
                                                          Owner& owner) {
  Gsasl_session* raw = nullptr;
  const int code = side == Side::server ? gsasl_server_start(context.get(), mechanism.c_str(), &raw)
                                        : gsasl_client_start(context.get(), mechanism.c_str(), &raw);
  if (code != GSASL_OK) return fail(ErrorKind::unavailable, mechanism + " does not start: " + gsasl_reason(code));
  gsasl_session_hook_set(raw, &owner);
  return std::unique_ptr<GsaslSession>(new GsaslSession(std::move(context), raw));
}

GsaslSession::~GsaslSession() {
  // The library frees what it was given without a look at it; these must not stay in the heap.
  for (const Gsasl_property property :
       {GSASL_PASSWORD, GSASL_SCRAM_SALTED_PASSWORD, GSASL_SCRAM_STOREDKEY, GSASL_SCRAM_SERVERKEY}) {
    if (const char* secret = gsasl_property_fast(session_, property))
      ::explicit_bzero(const_cast<char*>(secret), ::strlen(secret));
  }
  gsasl_finish(session_);
}

GsaslSession::Outcome GsaslSession::step(std::optional<std::string_view> input) {
  std::string copy(input.value_or(""));  // ends with a NUL, which some mechanisms count on
  char* raw = nullptr;
  std::size_t octets = 0;
  Outcome outcome;
  outcome.code = gsasl_step(session_, input ? copy.data() : nullptr, copy.size(), &raw, &octets);
  crypto::wipe(copy);
  const std::unique_ptr<char, void (*)(void*)> output(raw, gsasl_free);
  if (output && (outcome.code == GSASL_OK || outcome.code == GSASL_NEEDS_MORE))
    outcome.output.assign(output.get(), octets);
  return outcome;
}

int GsaslSession::set(Gsasl_property property, const std::string& value) noexcept {
  return gsasl_property_set_raw(session_, property, value.data(), value.size());
}

std::string GsaslSession::known(Gsasl_property property) const {
  const char* value = gsasl_property_fast(session_, property);
  return value ? value : "";
}

std::string gsasl_reason(int code) {
  const char* name = gsasl_strerror_name(code);
  return name ? name : "GNU SASL error " + std::to_string(code);
}

}  // namespace ringpost::sasl
