// [handoff]: where this node's mail goes when it leaves.
#include "config/sections.h"
#include "relay/next_hop.h"

namespace ringpost::config {

namespace {

std::string check_sibling(std::string_view text) {
  const auto hop = relay::parse_next_hop(text);
  if (!hop) return hop.error().reason;
  const bool over_smtp = hop->kind == relay::NextHop::Kind::smtp || hop->kind == relay::NextHop::Kind::smtps;
  return over_smtp ? "" : "a sibling is reached by smtp:// or smtps://";
}

}  // namespace

const Section<relay::HandOffOptions>& handoff_section() {
  using H = relay::HandOffOptions;
  using relay::TlsMode;
  static const Section<H> section{
      "handoff",
      false,
      "Where what is queued goes when this node leaves (`ringpost drain --handoff`).",
      {row("siblings", &H::siblings,
           text_list_type("array of siblings", "an array like [\"smtp://ringpost.mail.svc:25\"]", check_sibling),
           "the other nodes, `smtp://host:port` or `smtps://host:port`, taken in turn; a name with many addresses is "
           "as "
           "many nodes, and our own address among them is left out. Each must have our network in `handoff_from`"),
       row("connections_max", &H::connections_max, count_type(1, 100),
           "connections of each worker; all workers together should stay below the siblings' "
           "`[limits] sessions_per_client_max`"),
       row("give_up_after", &H::give_up_after, duration_type(std::chrono::seconds(1), std::chrono::hours(24)),
           "how long no sibling takes anything before the rest stays here for the next start"),
       row("tls", &H::tls,
           enum_type<TlsMode>({{"off", TlsMode::off},
                               {"opportunistic", TlsMode::opportunistic},
                               {"required", TlsMode::required},
                               {"verified", TlsMode::verified}}),
           "as in `[[route]]`"),
       row<H, std::string>(
           "tls_ca_file", [](H& h) -> std::string& { return h.tls_options.ca_file; },
           text_type("path", "the path of a file", [](std::string_view) { return std::string(); }),
           "PEM file of the authorities whose certificates are good")}};
  return section;
}

}  // namespace ringpost::config
