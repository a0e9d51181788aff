#include "mail/encoded_word.h"

#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include <memory>
#include <optional>

#include "base/text.h"
#include "mail/address.h"

namespace ringpost::mail {
namespace {

constexpr std::size_t charset_octets_max = 40;
constexpr std::string_view replacement = "\xef\xbf\xbd";

struct EncodedWord {
  std::string_view whole;
  std::string_view charset;  // without language
  std::string octets;
};

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decode_q(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '=' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (escaped) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '_' ? ' ' : text[i]);
    }
  }
  return out;
}

int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// As lenient as mail programs are: what is no base64 is stepped over, padding may be missing.
std::string decode_b(std::string_view text) {
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) continue;
    held = (held << 6 | static_cast<std::uint32_t>(value)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(held >> bits & 0xff));
    }
  }
  return out;
}

/// The encoded word at the start of `text`: "=?charset*language?encoding?text?=".
std::optional<EncodedWord> encoded_word_at(std::string_view text) {
  if (!text.starts_with("=?")) return std::nullopt;
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end == 2 || charset_end > 2 + charset_octets_max)
    return std::nullopt;
  if (text.size() < charset_end + 3 || text[charset_end + 2] != '?') return std::nullopt;
  const char encoding = ascii_lower(text[charset_end + 1]);
  if (encoding != 'q' && encoding != 'b') return std::nullopt;
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.find("?=", begin);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(begin, end - begin);
  std::string_view charset = text.substr(2, charset_end - 2);
  charset = charset.substr(0, charset.find('*'));
  return EncodedWord{text.substr(0, end + 2), charset, encoding == 'q' ? decode_q(inside) : decode_b(inside)};
}

/// UTF-8 with U+FFFD in place of what is none.
std::string repaired(std::string_view text, bool& damaged) {
  if (valid_utf8(text)) return std::string(text);
  damaged = true;
  std::string out;
  icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size()))).toUTF8String(out);
  return out;
}

/// nullopt: no such charset.
std::optional<std::string> to_utf8(std::string_view charset, std::string_view octets, bool& damaged) {
  if (iequals(charset, "utf-8") || iequals(charset, "utf8")) return repaired(octets, damaged);
  const std::string name(charset);
  UErrorCode status = U_ZERO_ERROR;
  // Asked first, because for a name it does not know ICU goes looking for a file of that name.
  if (ucnv_countAliases(name.c_str(), &status) == 0 || U_FAILURE(status)) return std::nullopt;
  const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(ucnv_open(name.c_str(), &status), &ucnv_close);
  if (U_FAILURE(status) || converter == nullptr) return std::nullopt;
  const auto length = static_cast<std::int32_t>(octets.size());
  const icu::UnicodeString text(octets.data(), length, converter.get(), status);
  if (U_FAILURE(status)) return std::nullopt;
  std::string out;
  text.toUTF8String(out);
  damaged |= out.find(replacement) != std::string::npos;
  return out;
}

bool all_blank(std::string_view text) noexcept {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Puts words of one charset that follow one another together before they are converted.
class Decoder {
 public:
  void add_word(const EncodedWord& word) {
    out_.any_encoded = true;
    if (!iequals(word.charset, charset_)) flush();
    charset_ = word.charset;
    octets_.append(word.octets);
    source_.append(word.whole);
  }
  void add_text(std::string_view text) {
    flush();
    out_.text.append(repaired(text, out_.damaged));
  }
  DecodedText finish() {
    flush();
    if (out_.text.size() > decoded_octets_max) {
      out_.damaged = true;
      std::size_t end = decoded_octets_max;
      while ((static_cast<unsigned char>(out_.text[end]) & 0xc0) == 0x80) --end;
      out_.text.resize(end);
    }
    return std::move(out_);
  }

 private:
  void flush() {
    if (source_.empty()) return;
    const auto text = to_utf8(charset_, octets_, out_.damaged);
    out_.unknown_charset |= !text;
    out_.text.append(text ? *text : repaired(source_, out_.damaged));
    octets_.clear();
    source_.clear();
    charset_ = {};
  }

  DecodedText out_;
  std::string_view charset_;
  std::string octets_;
  std::string source_;  // the words as they stood, for a charset nobody knows
};

}  // namespace

DecodedText decode_words(std::string_view text) {
  Decoder decoder;
  bool behind_word = false;
  while (!text.empty()) {
    const std::size_t begin = text.find("=?");
    auto word = begin == std::string_view::npos ? std::nullopt : encoded_word_at(text.substr(begin));
    const std::size_t plain = word                              ? begin
                              : begin == std::string_view::npos ? text.size()
                                                                : begin + 2;  // looked like a word
    const std::string_view between = text.substr(0, plain);
    // Blanks between two encoded words belong to their folding (RFC 2047 6.2).
    if (!between.empty() && !(word && behind_word && all_blank(between))) decoder.add_text(between);
    text.remove_prefix(plain);
    behind_word = word.has_value();
    if (!word) continue;
    decoder.add_word(*word);
    text.remove_prefix(word->whole.size());
  }
  return decoder.finish();
}

}  // namespace ringpost::mail
