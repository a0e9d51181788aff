#include "bench/faults.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "base/units.h"
#include "smtp/reply.h"

namespace ringpost::bench {

namespace {

constexpr std::array<std::string_view, stage_count> stage_names{"greeting", "ehlo", "starttls", "mail", "rcpt",
                                                                "data",     "body", "dot",      "rset", "quit"};

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) return std::nullopt;
  return value;
}

/// "10%" or "0.5%".
std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  const auto percent = parse_number(text.substr(0, text.size() - 1));
  if (!percent || *percent > 100) return std::nullopt;
  return *percent / 100;
}

/// "STAGE:rest".
Result<std::pair<Stage, std::string_view>> parse_stage(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = std::ranges::find(stage_names, text.substr(0, colon));
  if (colon == std::string_view::npos || name == stage_names.end()) {
    return fail(ErrorKind::invalid,
                "no stage (greeting, ehlo, starttls, mail, rcpt, data, body, dot, rset, quit) in front of \":\": " +
                    printable(text));
  }
  return std::pair(static_cast<Stage>(name - stage_names.begin()), text.substr(colon + 1));
}

bool happens(double probability) {
  return probability >= 1 || (probability > 0 && jitter(0, 1) < probability);
}

}  // namespace

std::string_view to_string(Stage stage) noexcept {
  return stage_names[static_cast<std::size_t>(stage)];
}

Result<void> Faults::add_reply(std::string_view text) {
  auto staged = parse_stage(text);
  if (!staged) return propagate(staged);
  auto [stage, rest] = *staged;
  if (stage == Stage::body) return fail(ErrorKind::invalid, "in the body of a message nothing is replied");
  ReplyRule rule;
  rule.stage = stage;
  if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    const std::string_view selector = rest.substr(colon + 1);
    if (const auto share = parse_share(selector)) {
      rule.probability = *share;
      rest = rest.substr(0, colon);
    } else if (selector.find_first_of("@*") != std::string_view::npos) {
      rule.pattern = selector;
      rest = rest.substr(0, colon);
    }
  }
  const auto code = parse_unsigned(rest.substr(0, 3));
  if (!code || *code < 200 || *code > 599 || rest.size() < 5 || rest[3] != ' ') {
    return fail(ErrorKind::invalid, "not a reply (\"450 4.2.1 busy\"): " + printable(rest));
  }
  const auto number = static_cast<std::uint16_t>(*code);
  std::string_view words = rest.substr(4);
  const auto enhanced = smtp::take_enhanced_code(words, number);
  const smtp::Reply reply = enhanced ? smtp::Reply(number, *enhanced, words) : smtp::Reply(number, words);
  reply.append_to(rule.reply);
  rule.positive = reply.positive() || reply.intermediate();
  rule.ends_session = reply.ends_session();
  replies_.push_back(std::move(rule));
  return {};
}

Result<void> Faults::add_disconnect(std::string_view text) {
  const auto staged = parse_stage(text);
  if (!staged) return std::unexpected(staged.error());
  const auto share = parse_share(staged->second);
  if (!share) return fail(ErrorKind::invalid, "not a share (\"5%\"): " + printable(staged->second));
  disconnect_probability_[static_cast<std::size_t>(staged->first)] = *share;
  disconnects_ = true;
  return {};
}

Result<void> Faults::add_delay(std::string_view text) {
  Stage stage = Stage::dot;
  if (text.find(':') != std::string_view::npos) {
    const auto staged = parse_stage(text);
    if (!staged) return std::unexpected(staged.error());
    stage = staged->first;
    text = staged->second;
  }
  const auto duration = parse_duration(text);
  if (!duration) return fail(ErrorKind::invalid, "not a duration (\"10ms\"): " + printable(text));
  delays_[static_cast<std::size_t>(stage)] = *duration;
  return {};
}

Result<void> Faults::set_tarpit(std::string_view text) {
  std::string_view number = text;
  for (const std::string_view unit : {"octets/s", "octet/s", "/s"}) {
    if (!number.ends_with(unit)) continue;
    number.remove_suffix(unit.size());
    break;
  }
  const auto octets = parse_number(number);
  if (!octets || *octets < 0.001)
    return fail(ErrorKind::invalid, "not octets a second (\"1octet/s\"): " + printable(text));
  octets_per_second_ = *octets;
  return {};
}

const ReplyRule* Faults::reply(Stage stage, std::span<const std::string> addresses) const {
  for (const ReplyRule& rule : replies_) {
    if (rule.stage != stage) continue;
    const auto meant = [&](const std::string& address) { return matches_pattern(rule.pattern, address); };
    if (!rule.pattern.empty() && std::ranges::none_of(addresses, meant)) continue;
    if (happens(rule.probability)) return &rule;
  }
  return nullptr;
}

bool Faults::disconnects(Stage stage) const {
  return disconnects_ && happens(disconnect_probability_[static_cast<std::size_t>(stage)]);
}

bool matches_pattern(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, taken = 0;  // where to go on when a star must take one octet more
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && ascii_lower(pattern[p]) == ascii_lower(text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace ringpost::bench
