#include "admin/queue_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/units.h"
#include "smtp/reply.h"

namespace ringpost::admin {

using nlohmann::json;

namespace {

std::string_view phase_name(const queue::RecipientState& state) noexcept {
  switch (state.phase) {
    case queue::RecipientPhase::queued:
      return state.attempts == 0 ? "active" : "deferred";
    case queue::RecipientPhase::delivered:
      return "delivered";
    case queue::RecipientPhase::failed:
      return "failed";
  }
  return "?";
}

/// As in NOTIFY= (RFC 3461 4.1).
json notify_json(mail::Notify notify) {
  using mail::Notify;
  json out = json::array();
  const auto add = [&](std::uint8_t bit, const char* word) {
    if ((notify.bits & bit) != 0) out.push_back(word);
  };
  add(Notify::never, "NEVER");
  add(Notify::success, "SUCCESS");
  add(Notify::failure, "FAILURE");
  add(Notify::delay, "DELAY");
  return out;
}

json recipient_json(const mail::Recipient& recipient, const queue::RecipientState& state) {
  json out{{"address", recipient.address.text()}, {"state", phase_name(state)}, {"attempts", state.attempts}};
  if (recipient.notify.bits != mail::Notify::unspecified) out["notify"] = notify_json(recipient.notify);
  if (!recipient.original_recipient.empty()) out["orcpt"] = recipient.original_recipient;
  if (recipient.delay_told || state.delay_told) out["delay_told"] = true;
  if (state.phase == queue::RecipientPhase::queued) {
    out["destination"] = state.destination;
    out["next"] = rfc3339(state.due);
    if (state.rerouted) out["rerouted"] = true;
  }
  if (state.attempts > 0) {
    out["last"] = {{"code", state.last_status.code},
                   {"enhanced", smtp::to_string(state.last_status.enhanced)},
                   {"diagnostic", state.last_diagnostic},
                   {"remote", state.last_remote}};
  }
  return out;
}

}  // namespace

json to_json(const queue::DestinationSummary& summary) {
  json out{{"destination", summary.destination}, {"messages", summary.messages}, {"deferred", summary.deferred}};
  if (summary.messages > 0) {
    out["oldest"] = rfc3339(summary.oldest);
    out["next"] = rfc3339(summary.next_due);
  }
  if (!summary.postponed_why.empty()) out["postponed"] = summary.postponed_why;
  return out;
}

json to_json(const queue::MessageRecord& record) {
  const queue::Message& message = record.message;
  json recipients = json::array();
  for (std::size_t i = 0; i < message.envelope.recipients.size() && i < record.recipients.size(); ++i) {
    recipients.push_back(recipient_json(message.envelope.recipients[i], record.recipients[i]));
  }
  const mail::Envelope& envelope = message.envelope;
  const mail::Origin& origin = envelope.origin;
  json out{{"id", message.id.text()},
           {"from", envelope.reverse_path.text()},
           {"received", rfc3339(envelope.received)},
           {"size", message.facts.octets + message.prefix.size()},
           {"origin",
            {{"address", origin.client_address},
             {"helo", origin.helo},
             {"login", origin.login},
             {"protocol", origin.protocol},
             {"listener", origin.listener},
             {"trusted", origin.trusted}}},
           {"recipients", std::move(recipients)}};
  if (envelope.ret != mail::DsnReturn::unspecified)
    out["ret"] = envelope.ret == mail::DsnReturn::full ? "FULL" : "HDRS";
  if (!envelope.envelope_id.empty()) out["envid"] = envelope.envelope_id;
  if (envelope.tls != mail::TlsWish::as_configured) out["tls_wish"] = mail::to_string(envelope.tls);
  if (envelope.priority != mail::Priority::normal) out["priority"] = envelope.priority;
  if (envelope.not_before != WallTime{}) out["held_until"] = rfc3339(envelope.not_before);
  if (envelope.deliver_by.mode != mail::DeliverBy::Mode::none) {
    out["deliver_by"] = rfc3339(envelope.deliver_by.deadline);
    out["when_late"] = envelope.deliver_by.mode == mail::DeliverBy::Mode::give_back ? "return" : "notify";
  }
  return out;
}

json to_json(const queue::Mark& mark) {
  json out{{"mark", mark.id}, {"kind", to_string(mark.kind)}, {"created", rfc3339(mark.created)}};
  const auto add = [&out](const char* name, const std::optional<std::string>& value) {
    if (value) out[name] = *value;
  };
  add("sender", mark.selector.sender);
  add("recipient", mark.selector.recipient);
  add("destination", mark.selector.destination);
  if (mark.selector.route) out["route"] = mark.selector.route->pattern;
  add("login", mark.selector.login);
  for (const MessageId& id : mark.selector.ids) out["ids"].push_back(id.text());
  if (mark.received_before) out["received_before"] = rfc3339(*mark.received_before);
  if (mark.until) out["until"] = rfc3339(*mark.until);
  if (!mark.to.empty()) out["to"] = mark.to;
  if (!mark.reason.empty()) out["reason"] = mark.reason;
  if (!mark.by.empty()) out["by"] = mark.by;
  return out;
}

json to_json(const queue::Explanation& explanation) {
  json gates = json::array();
  for (const queue::Gate& gate : explanation.gates) {
    json out{{"gate", to_string(gate.kind)}, {"why", gate.why}};
    if (gate.since) out["since"] = rfc3339(*gate.since);
    if (gate.until) out["until"] = rfc3339(*gate.until);
    if (gate.mark != 0) out["mark"] = gate.mark;
    if (gate.ahead != 0) out["ahead"] = gate.ahead;
    gates.push_back(std::move(out));
  }
  queue::RecipientState state;
  state.phase = explanation.phase;
  state.attempts = explanation.attempts;
  json out{{"address", explanation.recipient},
           {"state", phase_name(state)},
           {"destination", explanation.destination},
           {"attempts", explanation.attempts},
           {"gates", std::move(gates)}};
  if (explanation.next) out["next"] = rfc3339(*explanation.next);
  return out;
}

Result<queue::Mark> mark_from_json(queue::MarkKind kind, json body) {
  if (!body.is_object()) return fail(ErrorKind::invalid, "a JSON object is expected");
  queue::Mark mark;
  mark.kind = kind;
  for (const char* key : {"for", "reason", "by", "to"}) {
    const auto found = body.find(key);
    if (found == body.end()) continue;
    if (!found->is_string()) return fail(ErrorKind::invalid, std::string("a string is expected: ") + key);
    const auto text = found->get<std::string>();
    if (key == std::string_view("for")) {
      const auto duration = parse_duration(text);
      if (!duration || is_an_errand(kind))
        return fail(ErrorKind::invalid,
                    "no duration, or one that a " + std::string(to_string(kind)) + " cannot have: for=" + text);
      mark.until = WallTime::now() + *duration;
    } else if (key == std::string_view("to")) {
      if (kind != queue::MarkKind::reroute) return fail(ErrorKind::invalid, "`to` is for a reroute only");
      mark.to = text;
    } else {
      (key == std::string_view("by") ? mark.by : mark.reason) = text;
    }
    body.erase(found);
  }
  if (kind == queue::MarkKind::reroute && mark.to.empty())
    return fail(ErrorKind::invalid, "a reroute needs `to`, the next hops to send to");
  auto selector = selector_from_json(body);
  if (!selector) return propagate(selector);
  mark.selector = std::move(*selector);
  return mark;
}

Result<Lifting> lifting_from_json(const json& body) {
  Lifting lifting;
  if (body.is_object() && body.contains("marks")) {
    const json& marks = body["marks"];
    if (!marks.is_array() || body.size() != 1 || marks.empty())
      return fail(ErrorKind::invalid, "`marks` is a list of numbers, and stands alone");
    for (const json& mark : marks) {
      if (!mark.is_number_unsigned()) return fail(ErrorKind::invalid, "not the number of a mark: " + mark.dump());
      lifting.marks.push_back(mark.get<std::uint64_t>());
    }
    return lifting;
  }
  auto selector = selector_from_json(body);
  if (!selector) return propagate(selector);
  lifting.selector = std::move(*selector);
  return lifting;
}

Result<queue::Selector> selector_from_json(const json& body) {
  if (!body.is_object()) return fail(ErrorKind::invalid, "a JSON object is expected");
  queue::Selector selector;
  bool all = false;
  bool any = false;
  for (const auto& [key, value] : body.items()) {
    if (key == "all" && value.is_boolean()) {
      all = value.get<bool>();
      continue;
    }
    any = true;
    if (key == "ids" && value.is_array()) {
      for (const json& item : value) {
        const auto id = item.is_string() ? MessageId::parse(item.get_ref<const std::string&>()) : std::nullopt;
        if (!id) return fail(ErrorKind::invalid, "not a message id: " + item.dump());
        selector.ids.push_back(*id);
      }
      std::ranges::sort(selector.ids);
      any = !selector.ids.empty();
      continue;
    }
    if (!value.is_string()) return fail(ErrorKind::invalid, "unknown selector or wrong type: " + key);
    const auto& text = value.get_ref<const std::string&>();
    if (key == "sender") {
      selector.sender = text;
    } else if (key == "recipient") {
      selector.recipient = text;
    } else if (key == "destination") {
      selector.destination = text;
    } else if (key == "route") {
      selector.route = mail::DomainScope{to_lower(text)};
    } else if (key == "login") {
      selector.login = text;
    } else if (key == "state" && (text == "active" || text == "deferred")) {
      selector.state = text;
    } else if (key == "older_than" && parse_duration(text)) {
      selector.older_than = parse_duration(text);
    } else {
      return fail(ErrorKind::invalid, "unknown selector or impossible value: " + key + "=" + text);
    }
  }
  if (!any && !all) return fail(ErrorKind::invalid, "no selector given; --all selects everything");
  return selector;
}

}  // namespace ringpost::admin
