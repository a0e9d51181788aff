#include "sasl/ntlm_message.h"

#include <algorithm>

#include "base/text.h"
#include "sasl/utf16.h"

namespace ringpost::sasl {

namespace {

constexpr std::string_view signature("NTLMSSP\0", 8);
constexpr std::size_t negotiate_octets_min = 16;
constexpr std::size_t challenge_header_octets = 56;
constexpr std::size_t authenticate_header_octets = 64;  // without version and MIC
constexpr std::size_t response_octets_min = 16 + 28;    // proof, and the fixed part of what it is about

// MS-NLMP 2.2.2.1
enum AvId : std::uint16_t {
  av_end = 0,
  av_computer = 1,
  av_domain = 2,
  av_dns_computer = 3,
  av_dns_domain = 4,
  av_flags = 6,
  av_time = 7
};
constexpr std::uint32_t av_flag_mic = 2;

constexpr std::int64_t milliseconds_1601_to_1970 = 11'644'473'600'000;

std::unexpected<Error> invalid(const char* why) {
  return fail(ErrorKind::invalid, why);
}

std::uint64_t number_at(std::string_view octets, std::size_t at, std::size_t size) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i) value = value << 8 | static_cast<unsigned char>(octets[at + i - 1]);
  return value;
}

void append_number(std::string& octets, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i, value >>= 8) octets += static_cast<char>(value & 0xff);
}

bool is_message(std::string_view octets, std::uint32_t type, std::size_t octets_min) noexcept {
  return octets.size() >= octets_min && octets.size() <= ntlm_message_octets_max && octets.starts_with(signature) &&
         number_at(octets, 8, 4) == type;
}

// The field whose length and offset stand at `at`. An empty one may point anywhere.
std::optional<std::string_view> field(std::string_view octets, std::size_t at, std::size_t header_octets) noexcept {
  const std::size_t size = number_at(octets, at, 2), offset = number_at(octets, at + 4, 4);
  if (size == 0) return std::string_view();
  if (offset < header_octets || offset > octets.size() || size > octets.size() - offset) return std::nullopt;
  return octets.substr(offset, size);
}

std::string utf16(std::string_view text) {
  return utf16le_from_utf8(text).value_or("");
}

void append_pair(std::string& pairs, AvId id, std::string_view value) {
  append_number(pairs, id, 2);
  append_number(pairs, value.size(), 2);
  pairs += value;
}

// What Windows calls a NetBIOS name: the first label, in capitals, at most 15 of it.
std::string short_name(std::string_view dns_name) {
  std::string name(dns_name.substr(0, std::min<std::size_t>(dns_name.find('.'), 15)));
  std::ranges::transform(name, name.begin(), ascii_upper);
  return name;
}

std::string target_info(const NtlmChallenge& challenge) {
  std::string pairs, time;
  append_number(time, static_cast<std::uint64_t>(challenge.now.milliseconds + milliseconds_1601_to_1970) * 10'000, 8);
  append_pair(pairs, av_domain, utf16(short_name(challenge.domain)));
  append_pair(pairs, av_computer, utf16(short_name(challenge.host)));
  append_pair(pairs, av_dns_domain, utf16(challenge.domain));
  append_pair(pairs, av_dns_computer, utf16(challenge.host));
  append_pair(pairs, av_time, time);
  append_pair(pairs, av_end, {});
  return pairs;
}

// Names without Unicode are in some code page that the message does not name: only ASCII means one thing.
std::optional<std::string> name_as_utf16(std::string_view octets, bool unicode) {
  if (unicode) return octets.size() % 2 == 0 ? std::optional(std::string(octets)) : std::nullopt;
  if (!std::ranges::all_of(octets, [](char c) { return c >= ' ' && c <= '~'; })) return std::nullopt;
  return utf16le_from_utf8(octets);
}

}  // namespace

Result<std::uint32_t> parse_ntlm_negotiate(std::string_view octets) {
  if (!is_message(octets, 1, negotiate_octets_min)) return invalid("not a negotiate message of NTLM");
  const auto flags = static_cast<std::uint32_t>(number_at(octets, 12, 4));
  if ((flags & (ntlm_flag::unicode | ntlm_flag::oem)) == 0) return invalid("NTLM with neither Unicode nor OEM names");
  return flags;
}

std::string write_ntlm_challenge(const NtlmChallenge& challenge) {
  namespace flag = ntlm_flag;
  const bool unicode = (challenge.client_flags & flag::unicode) != 0;
  const std::string name = unicode ? utf16(challenge.host) : challenge.host;
  const std::string info = target_info(challenge);
  constexpr std::uint32_t echoed = flag::always_sign | flag::extended_security | flag::key_128 | flag::key_56;
  const std::uint32_t flags = (unicode ? flag::unicode : flag::oem) | flag::request_target | flag::ntlm |
                              flag::target_is_server | flag::target_info | (challenge.client_flags & echoed);
  std::string octets(signature);
  append_number(octets, 2, 4);
  append_number(octets, name.size(), 2);
  append_number(octets, name.size(), 2);
  append_number(octets, challenge_header_octets, 4);
  append_number(octets, flags, 4);
  octets += challenge.nonce;
  append_number(octets, 0, 8);
  append_number(octets, info.size(), 2);
  append_number(octets, info.size(), 2);
  append_number(octets, challenge_header_octets + name.size(), 4);
  append_number(octets, 0, 8);  // version, which no flag announces
  return octets + name + info;
}

Result<NtlmAuthenticate> parse_ntlm_authenticate(std::string_view octets) {
  if (!is_message(octets, 3, authenticate_header_octets)) return invalid("not an authenticate message of NTLM");
  std::array<std::string_view, 4> fields;  // LM response, NT response, domain, user
  std::size_t payload = octets.size();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto found = field(octets, 12 + 8 * i, authenticate_header_octets);
    if (!found) return invalid("a field of the authenticate message lies outside of it");
    fields[i] = *found;
    if (!found->empty()) payload = std::min<std::size_t>(payload, number_at(octets, 12 + 8 * i + 4, 4));
  }
  const bool unicode = (number_at(octets, 60, 4) & ntlm_flag::unicode) != 0;
  auto domain = name_as_utf16(fields[2], unicode), user = name_as_utf16(fields[3], unicode);
  if (!domain || !user) return invalid("a name in the authenticate message cannot be read");
  NtlmAuthenticate message{.lm_response = std::string(fields[0]),
                           .nt_response = std::string(fields[1]),
                           .domain = std::move(*domain),
                           .user = std::move(*user),
                           .mic = {}};
  if (payload >= ntlm_mic_offset + ntlm_mic_octets) message.mic = octets.substr(ntlm_mic_offset, ntlm_mic_octets);
  return message;
}

std::optional<NtlmResponse> parse_ntlm_response(std::string_view octets) {
  if (octets.size() < response_octets_min || octets[16] != 1 || octets[17] != 1) return std::nullopt;
  NtlmResponse response{.proof = octets.substr(0, 16), .blob = octets.substr(16), .time = {}};
  response.time.milliseconds = static_cast<std::int64_t>(number_at(octets, 24, 8) / 10'000) - milliseconds_1601_to_1970;
  for (std::string_view pairs = octets.substr(response_octets_min); pairs.size() >= 4;) {
    const std::size_t id = number_at(pairs, 0, 2), size = number_at(pairs, 2, 2);
    if (id == av_end) return response;
    if (size > pairs.size() - 4) return std::nullopt;
    if (id == av_flags && size == 4) response.has_mic = (number_at(pairs, 4, 4) & av_flag_mic) != 0;
    pairs.remove_prefix(4 + size);
  }
  return response;
}

}  // namespace ringpost::sasl
