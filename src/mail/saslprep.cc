#include "mail/saslprep.h"

#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ringpost::mail {

namespace {

constexpr std::size_t text_octets_max = 1024;
constexpr std::size_t prepared_units_max = 20 * text_octets_max;  // NFKC makes at most 18 units of one

const UStringPrepProfile* profile() {
  static const UStringPrepProfile* const opened = [] {
    UErrorCode status = U_ZERO_ERROR;
    const UStringPrepProfile* const made = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
    return U_SUCCESS(status) != 0 ? made : nullptr;
  }();
  return opened;
}

bool printable_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::optional<std::u16string> to_utf16(std::string_view text) {
  std::u16string out(text.size(), u'\0');
  std::int32_t size = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strFromUTF8(out.data(), static_cast<std::int32_t>(out.size()), &size, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status) != 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> to_utf8(std::u16string_view text) {
  std::string out(3 * text.size() + 1, '\0');
  std::int32_t size = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strToUTF8(out.data(), static_cast<std::int32_t>(out.size()), &size, text.data(),
              static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status) != 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace

std::optional<std::string> saslprep(std::string_view text, Prepared purpose) {
  if (text.empty() || text.size() > text_octets_max) return std::nullopt;
  if (printable_ascii(text)) return std::string(text);  // maps to itself
  const auto wide = to_utf16(text);
  if (!wide || profile() == nullptr) return std::nullopt;
  std::u16string prepared(prepared_units_max, u'\0');
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t size =
      usprep_prepare(profile(), wide->data(), static_cast<std::int32_t>(wide->size()), prepared.data(),
                     static_cast<std::int32_t>(prepared.size()),
                     purpose == Prepared::to_ask ? USPREP_ALLOW_UNASSIGNED : USPREP_DEFAULT, nullptr, &status);
  if (U_FAILURE(status) != 0 || size <= 0) return std::nullopt;
  return to_utf8(std::u16string_view(prepared).substr(0, static_cast<std::size_t>(size)));
}

std::optional<std::string> login_key(std::string_view login) {
  auto prepared = saslprep(login);
  if (!prepared) return std::nullopt;
  return to_lower(*prepared);
}

}  // namespace ringpost::mail
