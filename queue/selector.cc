#include "queue/selector.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::queue {
namespace {

bool matches_address(const std::string& wanted, const mail::Address& address) {
  if (wanted.starts_with('@')) return iequals(std::string_view(wanted).substr(1), address.domain);
  return address.text() == wanted;
}

}  // namespace

bool selects_message(const Selector& selector, const Message& message) {
  if (!selector.ids.empty() && !std::ranges::binary_search(selector.ids, message.id)) return false;
  if (selector.sender && !matches_address(*selector.sender, message.envelope.reverse_path)) return false;
  return !selector.login || *selector.login == message.envelope.origin.login;
}

bool selects_recipient(const Selector& selector, const mail::Address& recipient, std::string_view destination) {
  if (selector.recipient && !matches_address(*selector.recipient, recipient)) return false;
  if (selector.route && !selector.route->contains(recipient.domain)) return false;
  return !selector.destination || *selector.destination == destination ||
         *selector.destination == mail::without_wish(destination) || iequals(*selector.destination, recipient.domain);
}

std::string to_string(const Selector& selector) {
  std::string text;
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) text.append(text.empty() ? "" : " ").append(name).append("=").append(*value);
  };
  if (!selector.ids.empty()) text = std::to_string(selector.ids.size()) + " messages";
  add("sender", selector.sender);
  add("recipient", selector.recipient);
  add("destination", selector.destination);
  if (selector.route) add("route", selector.route->pattern);
  add("login", selector.login);
  add("state", selector.state);
  if (selector.older_than) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*selector.older_than).count();
    add("older_than", std::to_string(seconds) + "s");
  }
  return text.empty() ? "everything" : text;
}

}  // namespace ringpost::queue
