#include "sasl/saslprep.h"

#include <gsasl.h>

#include <memory>

namespace ringpost::sasl {

std::optional<std::string> saslprep(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  char* raw = nullptr;
  const int code = gsasl_saslprep(std::string(text).c_str(), GSASL_ALLOW_UNASSIGNED, &raw, nullptr);
  const std::unique_ptr<char, void (*)(void*)> prepared(raw, gsasl_free);
  if (code != GSASL_OK || !prepared || *prepared == '\0') return std::nullopt;
  return std::string(prepared.get());
}

}  // namespace ringpost::sasl
