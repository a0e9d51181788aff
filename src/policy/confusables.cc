#include "policy/confusables.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include <cstdint>
#include <memory>

namespace ringpost::policy {

namespace {

using icu::UnicodeString;

UnicodeString from_utf8(std::string_view utf8) {
  return UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())));
}

using Form = const icu::Normalizer2* (*)(UErrorCode&);

UnicodeString normalized(const UnicodeString& text, Form form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = form(status);
  if (U_FAILURE(status)) return text;
  UnicodeString out = normalizer->normalize(text, status);
  return U_FAILURE(status) ? text : out;
}

/// Drops what does not show, turns white space and controls into blanks.
UnicodeString visible(const UnicodeString& text) {
  UnicodeString out;
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 point = text.char32At(i);
    if (u_isUWhiteSpace(point) || u_iscntrl(point)) {
      out.append(u' ');
    } else if (!u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) &&
               !u_hasBinaryProperty(point, UCHAR_BIDI_CONTROL)) {
      out.append(point);
    }
  }
  return out;
}

/// Accents of Latin, Greek and Cyrillic letters are easily overlooked; marks of other scripts carry the vowels.
UnicodeString without_accents(const UnicodeString& text) {
  UnicodeString out;
  const UnicodeString apart = normalized(text, &icu::Normalizer2::getNFDInstance);
  for (std::int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1)) {
    const UChar32 point = apart.char32At(i);
    if (point < 0x300 || point > 0x36f) out.append(point);
  }
  return out;
}

UnicodeString folded(const UnicodeString& text) {
  return without_accents(normalized(text, &icu::Normalizer2::getNFKCCasefoldInstance));
}

UnicodeString skeleton(const UnicodeString& text) {
  static const std::unique_ptr<USpoofChecker, decltype(&uspoof_close)> checker = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<USpoofChecker, decltype(&uspoof_close)>(uspoof_open(&status), &uspoof_close);
  }();
  if (checker == nullptr) return text;
  UErrorCode status = U_ZERO_ERROR;
  UnicodeString out;
  uspoof_getSkeletonUnicodeString(checker.get(), 0, text, out, &status);
  return U_FAILURE(status) ? text : out;
}

bool belongs_to_word(UChar32 point) {
  constexpr std::uint32_t marks = U_GC_MN_MASK | U_GC_MC_MASK | U_GC_ME_MASK;
  return u_isalnum(point) || (U_GET_GC_MASK(point) & marks) != 0;
}

Words split(const UnicodeString& text) {
  Words words;
  UnicodeString word;
  const auto end_word = [&] {
    if (!word.isEmpty()) word.toUTF8String(words.emplace_back());
    word.remove();
  };
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 point = text.char32At(i);
    if (belongs_to_word(point)) {
      word.append(point);
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

}  // namespace

std::array<Words, 2> name_readings(std::string_view utf8) {
  const UnicodeString plain = without_accents(normalized(visible(from_utf8(utf8)), &icu::Normalizer2::getNFKCInstance));
  return {split(folded(skeleton(folded(skeleton(plain))))), split(folded(skeleton(folded(plain))))};
}

std::string fold_text(std::string_view utf8) {
  std::string out;
  normalized(visible(from_utf8(utf8)), &icu::Normalizer2::getNFKCCasefoldInstance).toUTF8String(out);
  return out;
}

bool has_direction_override(std::string_view utf8) {
  const UnicodeString text = from_utf8(utf8);
  for (std::int32_t i = 0; i < text.length(); ++i) {
    const char16_t unit = text.charAt(i);
    if (unit >= 0x202a && unit <= 0x202e) return true;  // LRE, RLE, PDF, LRO, RLO
  }
  return false;
}

}  // namespace ringpost::policy
