// [[source]]: the addresses that mail leaves from.
#include "base/text.h"
#include "config/sections.h"
#include "io/socket_address.h"
#include "relay/warm_up_plan.h"

namespace ringpost::config {

namespace {

std::string check_ip(std::string_view text) {
  return io::SocketAddress::from_host_port(text, 0) ? "" : "'" + printable(text, 80) + "'";
}

std::string check_optional_domain(std::string_view text) {
  return text.empty() ? std::string() : check_domain(text);
}

std::string check_day(std::string_view text) {
  if (text.empty()) return {};
  const auto day = relay::parse_day(text);
  return day ? "" : day.error().reason;
}

}  // namespace

const Section<relay::SourceOptions>& source_section() {
  using S = relay::SourceOptions;
  static const Section<S> section{
      "source",
      true,
      "What holds for an address that mail leaves from, on every route that has it in `source_addresses`.",
      {row("address", &S::address, text_type("address", "an IPv4 or IPv6 address", check_ip),
           "the address, alone: `192.0.2.1`", "required"),
       row("hostname", &S::hostname, text_type("host name", "a host name, or \"\"", check_optional_domain),
           "the name for EHLO where the route gives none; `\"\"`: our hostname"),
       row("weight", &S::weight, count_type(1, 1000), "its weight where the route gives none"),
       row("warm_up_start", &S::warm_up_start, text_type("date", "a date like \"2026-12-01\", or \"\"", check_day),
           "the first day (UTC) that mail leaves from it; before, none does"),
       row("warm_up", &S::warm_up, count_list_type(1, 100'000'000, 366),
           "messages to one site on that day, on the next one and so on, by all workers together; after the last there "
           "is no limit. Other addresses of the route take what is more; where there are none, it waits for the next "
           "day")}};
  return section;
}

}  // namespace ringpost::config
