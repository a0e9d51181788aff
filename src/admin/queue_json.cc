#include "admin/queue_json.h"

#include <nlohmann/json.hpp>

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

json recipient_json(const mail::Recipient& recipient, const queue::RecipientState& state) {
  json out{{"address", recipient.address.text()}, {"state", phase_name(state)}, {"attempts", state.attempts}};
  if (state.phase == queue::RecipientPhase::queued) {
    out["destination"] = state.destination;
    out["next"] = rfc3339(state.due);
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
  const mail::Origin& origin = message.envelope.origin;
  return {{"id", message.id.text()},
          {"from", message.envelope.reverse_path.text()},
          {"received", rfc3339(message.envelope.received)},
          {"size", message.facts.octets + message.prefix.size()},
          {"origin",
           {{"address", origin.client_address},
            {"helo", origin.helo},
            {"login", origin.login},
            {"protocol", origin.protocol},
            {"listener", origin.listener}}},
          {"recipients", std::move(recipients)}};
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
