// What kind of problem a peer's certificate has, told from the words that ConnectionInfo::peer_problem and the error
// of a handshake have for it: both are made here in src/tls, of these.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringpost::tls {

namespace problem {

inline constexpr std::string_view issuer_not_trusted = "its issuer is not trusted";
inline constexpr std::string_view self_signed = "self-signed and not trusted";
inline constexpr std::string_view no_authorities = "no authorities are configured";
inline constexpr std::string_view expired = "expired";
inline constexpr std::string_view not_yet_valid = "not yet valid";
inline constexpr std::string_view other_name = "made for another name than ";
/// In the error of a handshake, before the problem.
inline constexpr std::string_view not_accepted = "the peer's certificate is not accepted: ";

}  // namespace problem

enum class CertificateProblem : std::uint8_t { none, not_trusted, expired, other_name, other };

/// `words`: as above. None: they do not speak of a certificate.
constexpr CertificateProblem certificate_problem(std::string_view words) noexcept {
  // An alert of the peer's (certificate_expired) speaks of our certificate.
  const auto end = [words](std::string_view what) {
    return words.ends_with(what) && (words.size() == what.size() || words[words.size() - what.size() - 1] == ' ');
  };
  const auto say = [words](std::string_view what) { return words.contains(what); };
  if (say(problem::issuer_not_trusted) || say(problem::self_signed) || say(problem::no_authorities))
    return CertificateProblem::not_trusted;
  if (say(problem::other_name)) return CertificateProblem::other_name;
  if (end(problem::expired) || end(problem::not_yet_valid)) return CertificateProblem::expired;
  return say(problem::not_accepted) ? CertificateProblem::other : CertificateProblem::none;
}

}  // namespace ringpost::tls
