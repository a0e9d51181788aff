// One conversation with GNU SASL, on either side: owns the session and what it allocates, turns a step into values, and
// hands the questions of the library to their owner. One thread at a time; several sessions may share one context,
// which is not changed after it was made.
//
// The library asks by property: either for a value (set it and return GSASL_OK) or for a verdict (GSASL_VALIDATE_...).
// It is C and knows no exceptions: what an answer throws ends here, as GSASL_MALLOC_ERROR.
#pragma once

#include <gsasl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::sasl {

class GsaslSession {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// Errors as GNU SASL's; GSASL_NO_CALLBACK: no such value.
    virtual int answer(Gsasl_property property) = 0;
  };
  enum class Side : bool { client, server };
  struct Outcome {
    int code = GSASL_OK;  // GSASL_OK: the mechanism has ended well; GSASL_NEEDS_MORE; else an error
    std::string output;
  };
  using Context = std::shared_ptr<Gsasl>;

  /// Errors: unavailable (out of memory).
  static Result<Context> make_context();
  static bool supports(const Context& context, Side side, const std::string& mechanism) noexcept;

  /// `owner` outlives it. Errors: unavailable.
  static Result<std::unique_ptr<GsaslSession>> start(Context context, Side side, const std::string& mechanism,
                                                     Owner& owner);
  ~GsaslSession();
  GsaslSession(const GsaslSession&) = delete;
  GsaslSession& operator=(const GsaslSession&) = delete;

  /// nullopt and empty differ for EXTERNAL only.
  Outcome step(std::optional<std::string_view> input);

  int set(Gsasl_property property, const std::string& value) noexcept;
  /// What the session knows already, without asking; empty where it does not.
  std::string known(Gsasl_property property) const;

 private:
  GsaslSession(Context context, Gsasl_session* session) noexcept : context_(std::move(context)), session_(session) {}

  Context context_;
  Gsasl_session* session_;
};

/// "GSASL_AUTHENTICATION_ERROR", for the log.
std::string gsasl_reason(int code);

}  // namespace ringpost::sasl
