#include "policy/address_pattern.h"

#include <unicode/bytestream.h>
#include <unicode/idna.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace ringpost::policy {

namespace {

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

const icu::IDNA* idna() {
  static const std::unique_ptr<icu::IDNA> instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::IDNA> made(icu::IDNA::createUTS46Instance(UIDNA_NONTRANSITIONAL_TO_ASCII, status));
    if (U_FAILURE(status)) made.reset();
    return made;
  }();
  return instance.get();
}

}  // namespace

std::string canonical_domain(std::string_view domain) {
  if (is_ascii(domain) || idna() == nullptr) return to_lower(domain);
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  const icu::StringPiece piece(domain.data(), static_cast<std::int32_t>(domain.size()));
  idna()->nameToASCII_UTF8(piece, sink, info, status);
  if (U_FAILURE(status) || info.hasErrors()) return to_lower(domain);
  return out;
}

std::string fold_local_part(std::string_view local) {
  if (is_ascii(local)) return to_lower(local);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return std::string(local);
  const auto length = static_cast<std::int32_t>(local.size());
  icu::UnicodeString text = icu::UnicodeString::fromUTF8(icu::StringPiece(local.data(), length));
  text.foldCase();
  std::string out;
  nfc->normalize(text, status).toUTF8String(out);
  return U_FAILURE(status) ? std::string(local) : out;
}

Result<AddressPattern> AddressPattern::parse(std::string_view text) {
  const auto invalid = [&](std::string_view why) {
    return fail(ErrorKind::invalid, "'" + printable(text, 64) + "' is no address to send as: " + std::string(why));
  };
  AddressPattern pattern;
  if (text.starts_with("*@")) {
    const std::string_view domain = text.substr(2);
    if (!mail::valid_domain(domain, true)) return invalid("expected a domain behind '*@'");
    pattern.kind_ = Kind::whole_domain;
    pattern.domain_ = canonical_domain(domain);
    return pattern;
  }
  std::string plain(text);
  if (const auto star = plain.find("+*@"); star != std::string::npos && !plain.starts_with('"')) {
    pattern.kind_ = Kind::subaddresses;
    plain.erase(star + 1, 1);
  }
  // A star elsewhere is meant as a pattern that there isn't; as part of an address it has to be quoted.
  if (!plain.starts_with('"') && plain.find('*') != std::string::npos) return invalid("a '*' is not possible here");
  auto address = mail::parse_address(plain, true, true);
  if (!address || address->is_null()) return invalid("expected LOCAL@DOMAIN, *@DOMAIN or LOCAL+*@DOMAIN");
  pattern.domain_ = canonical_domain(address->domain);
  pattern.local_ = std::move(address->local);
  pattern.folded_ = fold_local_part(pattern.local_);
  if (pattern.kind_ == Kind::subaddresses && pattern.local_.size() == 1) return invalid("nothing before the '+'");
  return pattern;
}

bool AddressPattern::matches(const mail::Address& address, std::string_view domain, bool ours) const {
  if (domain != domain_ || address.local.empty()) return false;
  if (kind_ == Kind::whole_domain) return true;
  const std::string local = ours ? fold_local_part(address.local) : address.local;
  const std::string& mine = ours ? folded_ : local_;
  return kind_ == Kind::exact ? local == mine : local.size() > mine.size() && local.starts_with(mine);
}

}  // namespace ringpost::policy
