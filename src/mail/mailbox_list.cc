#include "mail/mailbox_list.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstring>
#include <optional>

#include "base/text.h"

namespace ringpost::mail {
namespace {

bool is_word_octet(char c) noexcept {
  return is_alnum(c) || static_cast<unsigned char>(c) > 127 ||
         (c != '\0' && std::strchr("!#$%&'*+-/=?^_`{|}~.", c) != nullptr);
}

bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

/// Characters that show nothing, or turn the direction of writing, have no business in an address.
bool shows_as_it_is(std::string_view address) noexcept {
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(address.size());) {
    UChar32 point = 0;
    U8_NEXT(address.data(), i, static_cast<std::int32_t>(address.size()), point);
    if (point == ' ') continue;
    if (point < 0 || u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
        u_hasBinaryProperty(point, UCHAR_BIDI_CONTROL) || u_iscntrl(point) || u_isUWhiteSpace(point))
      return false;
  }
  return true;
}

struct Token {
  enum class Kind : std::uint8_t { end, word, quoted, special, bad };
  Kind kind = Kind::end;
  std::string_view raw;  // as it stands
  std::string text;      // without quoting
  bool apart = false;    // blanks or a comment stand before it
};

/// Cuts a value into words and specials; comments are put aside.
class Lexer {
 public:
  explicit Lexer(std::string_view value) noexcept : left_(value) {}

  Token next() {
    Token token;
    if (!skip_blanks(token.apart)) return bad();
    if (left_.empty()) return token;
    if (left_.front() == '"') return quoted(token.apart);
    token.kind = Token::Kind::special;
    std::size_t length = 1;
    if (is_word_octet(left_.front())) {
      token.kind = Token::Kind::word;
      while (length < left_.size() && is_word_octet(left_[length])) ++length;
    } else if (is_control(left_.front())) {
      return bad();
    }
    token.raw = left_.substr(0, length);
    token.text = token.raw;
    left_.remove_prefix(length);
    return token;
  }

  /// Up to the '>' that ends an address; quoted strings may hold one. nullopt: there is none.
  std::optional<std::string_view> angle_content() noexcept {
    bool in_quotes = false;
    for (std::size_t i = 0; i < left_.size(); ++i) {
      const char c = left_[i];
      if (in_quotes && c == '\\') {
        ++i;
      } else if (c == '"') {
        in_quotes = !in_quotes;
      } else if (c == '>' && !in_quotes) {
        const std::string_view content = left_.substr(0, i);
        left_.remove_prefix(i + 1);
        return content;
      }
    }
    return std::nullopt;
  }

  /// Right behind an '@': a domain or literal.
  std::string_view domain() noexcept {
    std::size_t length = 0;
    if (left_.starts_with('[')) {
      length = std::min(left_.find(']'), left_.size() - 1) + 1;
    } else {
      while (length < left_.size() && is_word_octet(left_[length])) ++length;
    }
    const std::string_view found = left_.substr(0, length);
    left_.remove_prefix(length);
    return found;
  }

  std::vector<std::string> take_comments() noexcept { return std::exchange(comments_, {}); }

 private:
  static Token bad() { return {Token::Kind::bad, {}, {}, false}; }

  bool skip_blanks(bool& any) {
    for (;; any = true) {
      if (left_.starts_with("\r\n ") || left_.starts_with("\r\n\t")) {
        left_.remove_prefix(3);
      } else if (left_.starts_with(' ') || left_.starts_with('\t')) {
        left_.remove_prefix(1);
      } else if (left_.starts_with('(')) {
        if (!skip_comment()) return false;
      } else {
        return true;
      }
    }
  }

  bool skip_comment() {
    std::string text;
    std::size_t depth = 0;
    while (!left_.empty()) {
      char c = left_.front();
      if (!fold(c)) return false;
      if (c == '\\') {
        if (left_.size() < 2 || is_control(left_[1])) return false;
        left_.remove_prefix(1);
        c = left_.front();
      } else if (c == '(') {
        if (++depth > comment_depth_max) return false;
        if (depth == 1) c = '\0';
      } else if (c == ')') {
        if (--depth == 0) {
          left_.remove_prefix(1);
          comments_.push_back(std::move(text));
          return true;
        }
      }
      if (c != '\0') text.push_back(c);
      left_.remove_prefix(1);
    }
    return false;
  }

  /// Steps over the line end of a folding in front of its blank; false: a control that is none.
  bool fold(char& c) noexcept {
    if (left_.starts_with("\r\n ") || left_.starts_with("\r\n\t")) {
      left_.remove_prefix(2);
      c = left_.front();
    }
    return !is_control(c);
  }

  Token quoted(bool apart) {
    Token token{Token::Kind::quoted, left_, {}, apart};
    left_.remove_prefix(1);
    while (!left_.empty()) {
      char c = left_.front();
      if (!fold(c)) return bad();
      left_.remove_prefix(1);
      if (c == '"') {
        token.raw = token.raw.substr(0, token.raw.size() - left_.size());
        return token;
      }
      if (c == '\\') {
        if (left_.empty() || is_control(left_.front())) return bad();
        c = left_.front();
        left_.remove_prefix(1);
      }
      token.text.push_back(c);
    }
    return bad();
  }

  std::string_view left_;
  std::vector<std::string> comments_;
};

std::unexpected<Error> unreadable(std::string_view why) {
  return fail(ErrorKind::invalid, std::string(why));
}

class Parser {
 public:
  explicit Parser(std::string_view value) : lexer_(value) { advance(); }

  Result<MailboxList> list() {
    for (;;) {
      if (auto element = mailbox_or_group(); !element) return propagate(element);
      if (!is_special(',') || in_group_) break;
      advance();
    }
    if (token_.kind == Token::Kind::bad) return unreadable("a character or comment that cannot be read");
    if (in_group_) return unreadable("a group without its end");
    if (token_.kind != Token::Kind::end) return unreadable("text behind a mailbox");
    return std::move(out_);
  }

 private:
  using Kind = Token::Kind;

  void advance() { token_ = lexer_.next(); }
  bool is_special(char c) const noexcept { return token_.kind == Kind::special && token_.raw.front() == c; }
  bool is_word() const noexcept { return token_.kind == Kind::word || token_.kind == Kind::quoted; }

  Result<void> mailbox_or_group() {
    Mailbox mailbox;
    std::size_t words = 0;
    Token last;
    while (is_word()) {
      // "Ann"Lee and "a"."b" are cut differently by different readers.
      if (words > 0 && !token_.apart) return unreadable("a quoted string that touches a word");
      if (words++ > 0) mailbox.display_name.push_back(' ');
      mailbox.display_name.append(token_.text);
      last = std::move(token_);
      advance();
    }
    if (is_special('<')) return angle_address(std::move(mailbox));
    if (is_special('@') && words == 1 && !token_.apart) return bare_address(last);
    if (is_special(':') && words > 0 && !in_group_) return group(std::move(mailbox.display_name));
    if (token_.kind == Kind::bad) return unreadable("a character or comment that cannot be read");
    if (is_special('@')) return unreadable("an address with text before it or blanks inside");
    return unreadable(words == 0 ? "an empty element" : "a name without an address");
  }

  Result<void> angle_address(Mailbox mailbox) {
    const auto content = lexer_.angle_content();
    if (!content) return unreadable("an address without its '>'");
    return add(trim(*content), std::move(mailbox));
  }

  Result<void> bare_address(const Token& local) {
    const std::string_view domain = lexer_.domain();
    std::string text(local.raw);
    return add(text.append("@").append(domain), {});
  }

  /// Only comments may follow, up to the end of the element.
  Result<void> add(std::string_view text, Mailbox mailbox) {
    auto address = parse_address(text, true, true);
    if (!address || address->local.empty() || address->domain.empty())
      return unreadable("an address that does not follow its grammar");
    // Allowed in a literal, but only by readers that know where they are.
    if (address->is_literal() && address->domain.find_first_of("\"<>(),;@") != std::string::npos)
      return unreadable("an address literal with specials");
    if (!shows_as_it_is(address->local) || !shows_as_it_is(address->domain))
      return unreadable("an address with characters that do not show");
    if (out_.mailboxes.size() == mailboxes_max) return fail(ErrorKind::too_large, "too many mailboxes");
    mailbox.address = std::move(*address);
    advance();
    mailbox.comments = lexer_.take_comments();
    if (!valid_utf8(mailbox.display_name)) return unreadable("a name that is not UTF-8");
    for (const std::string& comment : mailbox.comments)
      if (!valid_utf8(comment)) return unreadable("a comment that is not UTF-8");
    out_.mailboxes.push_back(std::move(mailbox));
    return {};
  }

  Result<void> group(std::string name) {
    if (!valid_utf8(name)) return unreadable("a name that is not UTF-8");
    if (out_.groups.size() == mailboxes_max) return fail(ErrorKind::too_large, "too many groups");
    out_.groups.push_back(std::move(name));
    advance();
    in_group_ = true;
    for (bool more = !is_special(';'); more;) {
      if (auto member = mailbox_or_group(); !member) return member;
      more = is_special(',');
      if (more) advance();
    }
    if (!is_special(';')) return unreadable("a group without its end");
    in_group_ = false;
    advance();
    for (std::string& comment : lexer_.take_comments()) {
      if (!valid_utf8(comment)) return unreadable("a comment that is not UTF-8");
      out_.groups.push_back(std::move(comment));
    }
    return {};
  }

  Lexer lexer_;
  Token token_;
  MailboxList out_;
  bool in_group_ = false;
};

}  // namespace

Result<MailboxList> parse_mailbox_list(std::string_view value) {
  return Parser(value).list();
}

}  // namespace ringpost::mail
