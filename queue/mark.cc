// mark := u8(3) varint(id) u8(kind) fixed64(created) optional(received_before) optional(until) string(reason)
//         string(by) varint(count) id(16)* text(sender) text(recipient) text(destination) text(login)
//         string(to) string(to_required) string(to_optional) string(route) varint(others) string*
//         u8(2), when it has no route: the same without route and others
//         u8(1), before schema 4: the same without to and its like
// text := u8(0) | u8(1) string
#include "queue/mark.h"

#include <algorithm>
#include <ranges>

#include "mail/octet_coder.h"

namespace ringpost::queue {
namespace {

constexpr std::uint8_t mark_version = 3;
constexpr std::uint8_t mark_version_without_route = 2;
constexpr std::uint8_t mark_version_without_to = 1;

using Text = std::optional<std::string>;

void encode(mail::Encoder& out, const Text& text) {
  out.u8(text ? 1 : 0);
  if (text) out.string(*text);
}
Text decode_text(mail::Decoder& in) {
  return in.boolean() ? Text(std::string(in.string())) : Text();
}

void encode(mail::Encoder& out, const std::optional<WallTime>& time) {
  out.u8(time ? 1 : 0);
  if (time) out.fixed64(static_cast<std::uint64_t>(time->milliseconds));
}
std::optional<WallTime> decode_time(mail::Decoder& in) {
  if (!in.boolean()) return std::nullopt;
  return WallTime{static_cast<std::int64_t>(in.fixed64())};
}

void encode(mail::Encoder& out, const mail::DomainScope& scope) {
  out.string(scope.pattern);
  out.varint(scope.others.size());
  for (const std::string& other : scope.others) out.string(other);
}
mail::DomainScope decode_scope(mail::Decoder& in) {
  mail::DomainScope scope{std::string(in.string())};
  const std::uint64_t count = in.varint_at_most(mail::DomainScope::others_max);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) scope.others.emplace_back(in.string());
  if (!std::ranges::is_sorted(scope.others)) in.fail();
  return scope;
}

}  // namespace

std::string_view to_string(MarkKind kind) noexcept {
  switch (kind) {
    case MarkKind::suspend:
      return "suspend";
    case MarkKind::hold:
      return "hold";
    case MarkKind::release:
      return "release";
    case MarkKind::drop:
      return "drop";
    case MarkKind::reroute:
      return "reroute";
    case MarkKind::retry:
      return "retry";
  }
  return "?";
}

bool is_an_errand(MarkKind kind) noexcept {
  return kind == MarkKind::drop || kind == MarkKind::reroute || kind == MarkKind::retry;
}

const std::string& Mark::target(const Message& message) const noexcept {
  switch (message.envelope.next_hop_tls()) {
    case mail::TlsWish::required:
      return to_required;
    case mail::TlsWish::optional:
      return to_optional;
    case mail::TlsWish::as_configured:
      break;
  }
  return to;
}

bool Mark::covers(const Message& message, std::uint32_t recipient, std::string_view destination) const {
  if (kind != MarkKind::suspend && message.generation >= id) return false;
  if (received_before && message.envelope.received >= *received_before) return false;
  return selects_message(selector, message) && recipient < message.envelope.recipients.size() &&
         selects_recipient(selector, message.envelope.recipients[recipient].address, destination);
}

Marks::Marks(std::vector<Mark> marks, std::uint64_t newest) : all(std::move(marks)), generation(newest) {
  for (const Mark& mark : all) {
    if (mark.kind != MarkKind::suspend || mark.received_before) continue;
    Selector rest = mark.selector;
    rest.destination.reset();
    if (!rest.empty()) continue;
    if (mark.selector.destination) {
      closed_.insert(*mark.selector.destination);
    } else {
      closes_all_ = true;
    }
  }
}

const Mark* Marks::gate(const Message& message, std::uint32_t recipient, std::string_view destination) const {
  const Mark* suspended = nullptr;
  const Mark* last_word = nullptr;  // of holds and releases
  for (const Mark& mark : all | std::views::reverse) {
    if (mark.kind == MarkKind::reroute || mark.kind == MarkKind::retry) continue;
    if (mark.kind == MarkKind::suspend && suspended != nullptr) continue;
    if ((mark.kind == MarkKind::hold || mark.kind == MarkKind::release) && last_word != nullptr) continue;
    if (!mark.covers(message, recipient, destination)) continue;
    if (mark.kind == MarkKind::drop) return &mark;
    (mark.kind == MarkKind::suspend ? suspended : last_word) = &mark;
  }
  if (suspended != nullptr) return suspended;
  if (last_word != nullptr && last_word->kind == MarkKind::hold) return last_word;
  return way(message, recipient, destination);
}

const Mark* Marks::way(const Message& message, std::uint32_t recipient, std::string_view destination) const {
  for (const Mark& mark : all | std::views::reverse) {
    if (mark.kind == MarkKind::reroute && mark.covers(message, recipient, destination))
      return mark.target(message) != destination ? &mark : nullptr;
  }
  return nullptr;
}

std::string encode_mark(const Mark& mark) {
  std::string octets;
  mail::Encoder out(octets);
  out.u8(mark.selector.route ? mark_version : mark_version_without_route);
  out.varint(mark.id);
  out.u8(static_cast<std::uint8_t>(mark.kind));
  out.fixed64(static_cast<std::uint64_t>(mark.created.milliseconds));
  encode(out, mark.received_before);
  encode(out, mark.until);
  out.string(mark.reason);
  out.string(mark.by);
  out.varint(mark.selector.ids.size());
  for (const MessageId& id : mark.selector.ids) {
    const auto sixteen = id.octets();
    out.octets({sixteen.data(), sixteen.size()});
  }
  for (const Text* text :
       {&mark.selector.sender, &mark.selector.recipient, &mark.selector.destination, &mark.selector.login})
    encode(out, *text);
  for (const std::string* to : {&mark.to, &mark.to_required, &mark.to_optional}) out.string(*to);
  if (mark.selector.route) encode(out, *mark.selector.route);
  return octets;
}

Result<Mark> decode_mark(std::string_view octets) {
  mail::Decoder in(octets);
  const std::uint8_t version = in.u8();
  if (version < mark_version_without_to || version > mark_version) in.fail();
  Mark mark;
  mark.id = in.varint();
  const std::uint8_t kind = in.u8();
  if (kind < static_cast<std::uint8_t>(MarkKind::suspend) || kind > static_cast<std::uint8_t>(MarkKind::retry))
    in.fail();
  mark.kind = static_cast<MarkKind>(kind);
  mark.created.milliseconds = static_cast<std::int64_t>(in.fixed64());
  mark.received_before = decode_time(in);
  mark.until = decode_time(in);
  mark.reason = in.string();
  mark.by = in.string();
  const std::uint64_t count = in.varint_at_most(in.rest().size() / 16);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view id = in.octets(16);
    if (in.ok()) mark.selector.ids.push_back(MessageId::from_octets(id));
  }
  for (Text* text : {&mark.selector.sender, &mark.selector.recipient, &mark.selector.destination, &mark.selector.login})
    *text = decode_text(in);
  if (version != mark_version_without_to)
    for (std::string* to : {&mark.to, &mark.to_required, &mark.to_optional}) *to = in.string();
  if (version == mark_version) mark.selector.route = decode_scope(in);
  auto finished = in.finish("mark");
  if (!finished) return propagate(finished);
  return mark;
}

}  // namespace ringpost::queue
