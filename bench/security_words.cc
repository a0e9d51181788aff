#include "bench/security_words.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/text.h"
#include "crypto/equal.h"
#include "sasl/salted_passwords.h"

namespace ringpost::bench {

namespace {

constexpr std::size_t password_octets_max = 1024;

/// The first line, without its end.
Result<std::string> read_line(int fd) {
  std::string line(password_octets_max + 2, '\0');
  std::size_t length = 0;
  while (length < line.size() && line.find('\n') == std::string::npos) {
    const ssize_t got = ::read(fd, line.data() + length, line.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read the password");
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  line.resize(std::min(length, line.find('\n')));
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty() || line.size() > password_octets_max) {
    return fail(ErrorKind::invalid, "a password has 1 to 1024 octets");
  }
  return line;
}

Result<void> read_tls(const SecurityWords& words, LoadOptions& options) {
  if (words.starttls) options.encryption = Encryption::starttls;
  if (words.implicit) options.encryption = Encryption::implicit;
  const bool more = words.resume || !words.version.empty() || !words.ca_file.empty() || !words.tls_name.empty();
  if (more && options.encryption == Encryption::none) {
    return fail(ErrorKind::invalid, "--tls-version, --resume, --ca and --tls-name need --starttls or --tls");
  }
  if (!words.version.empty()) {
    options.tls_version = words.version == "1.2" ? tls::Version::tls_1_2 : tls::Version::tls_1_3;
  }
  options.ca_file = words.ca_file;
  options.tls_name = words.tls_name;
  options.resume = words.resume;
  return {};
}

}  // namespace

Result<void> read_security(SecurityWords& words, int input_fd, LoadOptions& options) {
  auto read = read_tls(words, options);
  if (!read) return propagate(read);
  const bool has_password = words.password_from_stdin || !words.password_file.empty();
  if (words.user.empty()) {
    if (has_password || !words.mechanism.empty()) return fail(ErrorKind::invalid, "--auth needs --user");
    return {};
  }
  if (!has_password) return fail(ErrorKind::invalid, "--user needs --password-file or --password-stdin");
  options.auth.user = words.user;
  options.auth.salted_passwords = std::make_shared<sasl::SaltedPasswords>();  // what the server costs is the question
  std::ranges::transform(words.mechanism, std::back_inserter(options.auth.mechanism), ascii_upper);
  options.auth.password_file = words.password_file;
  if (!words.password_from_stdin) return {};
  auto password = read_line(input_fd);
  if (!password) return propagate(password);
  auto file = MemoryFile::create(*password);
  crypto::wipe(*password);
  if (!file) return propagate(file);
  words.password = std::move(*file);
  options.auth.password_file = words.password.path();
  return {};
}

void add_security(CLI::App& verb, SecurityWords& words) {
  auto* starttls = verb.add_flag("--starttls", words.starttls, "TLS by STARTTLS; a server that has none fails");
  verb.add_flag("--tls", words.implicit, "TLS from the first octet")->excludes(starttls);
  verb.add_option("--tls-version", words.version, "only this one (default: the newest both sides have)")
      ->check(CLI::IsMember({"1.2", "1.3"}));
  verb.add_flag("--resume", words.resume, "sessions reuse each other's TLS sessions (default: each handshake is full)");
  verb.add_option("--ca", words.ca_file, "PEM file that certificates are verified with (default: any will do)")
      ->check(CLI::ExistingFile);
  verb.add_option("--tls-name", words.tls_name, "name to ask for by SNI, and to verify where there is --ca");
  verb.add_option("--auth", words.mechanism, "mechanism: SCRAM-SHA-256, PLAIN, ... (the strongest both sides have)");
  verb.add_option("--user", words.user, "each session logs in before it sends");
  auto* file = verb.add_option("--password-file", words.password_file)->check(CLI::ExistingFile);
  verb.add_flag("--password-stdin", words.password_from_stdin, "the first line of standard input")->excludes(file);
}

}  // namespace ringpost::bench
