// What XHANDOFF takes in it says again as it was, and what it says is a command line.
#include "smtp/command.h"
#include "smtp/handoff.h"
#include "smtp/limits.h"
#include "tests/fuzz/require.h"

using namespace ringpost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto taken = smtp::parse_handoff(input);
  if (!taken) {
    require(taken.error().status == PublicStatus{501, {5, 5, 4}});
    return 0;
  }
  require(!taken->id.is_null() || input.find("00000000000000000000000000") != std::string_view::npos);
  const auto said = smtp::handoff_command(*taken);
  require(said.has_value());
  const auto command = smtp::parse_command(*said);
  require(command && command->verb == smtp::Verb::xhandoff);
  const auto again = smtp::parse_handoff(command->argument);
  require(again && *again == *taken);
  return 0;
}
