#include "cli/password_prompt.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "crypto/equal.h"

namespace ringpost::cli {

namespace {

constexpr std::size_t password_octets_max = 511;  // of crypt(3)

// The terminal without echo, and as it was in the end. An interrupt in between leaves it to the shell to restore.
class Silence {
 public:
  Silence() {
    silent_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (silent_) silent_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~Silence() {
    if (silent_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool silent_ = false;
};

/// The next line without its end, by single octets: what follows is not ours.
Result<std::string> read_line() {
  std::string line;
  char c = 0;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read the password");
    if (got == 0 || c == '\n') break;
    line += c;
    if (line.size() > password_octets_max + 1)
      return fail(ErrorKind::invalid, "the password is longer than 511 octets");
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return fail(ErrorKind::invalid, "the password is empty");
  if (line.size() > password_octets_max) return fail(ErrorKind::invalid, "the password is longer than 511 octets");
  return line;
}

Result<std::string> read_silently(const std::string& prompt) {
  fmt::print(stderr, "{}", prompt);
  const Silence silence;
  auto line = read_line();
  fmt::print(stderr, "\n");
  return line;
}

}  // namespace

Result<std::string> ask_password(PasswordSource source, const std::string& login) {
  if (source == PasswordSource::standard_input) return read_line();
  if (::isatty(STDIN_FILENO) == 0)
    return fail(ErrorKind::refused, "no terminal to ask for the password: give --password-stdin");
  auto password = read_silently("Password of " + login + ": ");
  if (!password || source == PasswordSource::terminal_once) return password;
  auto again = read_silently("The same again: ");
  if (!again) return again;
  const bool same = *again == *password;
  crypto::wipe(*again);
  if (same) return password;
  crypto::wipe(*password);
  return fail(ErrorKind::refused, "the two passwords differ; nothing changed");
}

}  // namespace ringpost::cli
