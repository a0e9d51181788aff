// [delivery]: what every next hop is given.
#include "config/sections.h"

namespace ringpost::config {

const Section<relay::Waits>& delivery_section() {
  using W = relay::Waits;
  const auto wait = duration_type(std::chrono::seconds(1), std::chrono::hours(1));
  static const Section<W> section{
      "delivery",
      false,
      "How long a next hop may keep us waiting. The defaults are what RFC 5321 4.5.3.2 asks for; after shorter waits "
      "some mail comes twice, as a next hop may be slow and still take it.",
      {row("connect_timeout", &W::connect, wait, "wait for a connection to one address, and for the DNS"),
       row("tls_handshake_timeout", &W::tls_handshake, wait, "wait for a TLS handshake to end"),
       row("greeting_timeout", &W::greeting, wait, "wait for the greeting"),
       row("command_timeout", &W::command, wait, "wait for the reply to EHLO, MAIL, RCPT and others"),
       row("data_initiation_timeout", &W::data_initiation, wait, "wait for the reply to DATA"),
       row("data_block_timeout", &W::data_block, wait, "wait for progress in a message"),
       row("data_termination_timeout", &W::data_termination, wait, "wait for the reply to a whole message")}};
  return section;
}

}  // namespace ringpost::config
