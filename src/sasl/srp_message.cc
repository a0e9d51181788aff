#include "sasl/srp_message.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::sasl {

namespace {

constexpr std::size_t name_octets_max = 512;

// Takes elements off the front; after the first that does not fit, nothing more is taken and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view octets) {
    rest_ = octets.size() <= srp_message_octets_max ? octets : std::string_view();
    const auto size = number(4);
    ok_ = ok_ && size == rest_.size();
  }

  std::string_view text() { return take(number(2)); }
  std::string_view integer() { return take(number(2)); }
  std::string_view sequence() { return take(number(1)); }
  bool ok() const noexcept { return ok_; }
  bool done() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::size_t number(std::size_t octets) {
    std::size_t value = 0;
    for (const char c : take(octets)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(std::size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

void append(std::string& octets, std::size_t length_octets, std::string_view value) {
  for (std::size_t i = length_octets; i > 0; --i) octets += static_cast<char>(value.size() >> 8 * (i - 1) & 0xff);
  octets += value;
}

std::string with_length(const std::string& elements) {
  std::string octets;
  append(octets, 4, elements);
  return octets;
}

bool is_name(std::string_view text) noexcept {
  return text.size() <= name_octets_max && text.find('\0') == text.npos;
}

}  // namespace

std::optional<SrpIdentity> parse_srp_identity(std::string_view octets) {
  Reader reader(octets);
  SrpIdentity message;
  message.user = reader.text();
  message.identity = reader.text();
  reader.text();      // a session to resume: none is ever kept
  reader.sequence();  // a nonce that only resuming needs
  if (!reader.done() || !is_name(message.user) || message.user.empty() || !is_name(message.identity))
    return std::nullopt;
  return message;
}

std::optional<SrpEvidence> parse_srp_evidence(std::string_view octets) {
  Reader reader(octets);
  SrpEvidence message;
  std::string_view key = reader.integer();
  while (key.starts_with('\0')) key.remove_prefix(1);
  message.key = key;
  message.proof = reader.sequence();
  message.wanted = reader.text();
  reader.sequence();  // a vector for a layer that is not used
  if (!reader.done()) return std::nullopt;
  return message;
}

std::string write_srp_parameters(const SrpParameters& parameters) {
  std::string elements(1, '\0');  // not a resumed session
  append(elements, 2, parameters.modulus);
  append(elements, 2, parameters.generator);
  append(elements, 1, parameters.salt);
  append(elements, 2, parameters.key);
  append(elements, 2, parameters.offered);
  return with_length(elements);
}

std::string write_srp_proof(std::string_view proof, std::string_view vector) {
  std::string elements;
  append(elements, 1, proof);
  append(elements, 1, vector);
  append(elements, 2, {});                       // no session
  return with_length(elements.append(4, '\0'));  // that lives for no time
}

bool srp_options_fit(std::string_view wanted, std::string_view digest) {
  int digests = 0;
  while (!wanted.empty()) {
    const auto end = std::min(wanted.find(','), wanted.size());
    const auto option = wanted.substr(0, end);
    wanted.remove_prefix(std::min(end + 1, wanted.size()));
    if (istarts_with(option, "mda=")) {
      if (!iequals(option.substr(4), digest)) return false;
      ++digests;
    }
    for (const std::string_view layer : {"integrity", "confidentiality", "replay"})
      if (istarts_with(option, layer)) return false;
  }
  return digests == 1;
}

}  // namespace ringpost::sasl
