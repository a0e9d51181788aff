// A test of what cannot be taken back: it happens in a forked child, whose end is the result. Only from programs with
// one thread.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace ringpost::test {

/// How the child ended: "0" when `body()` gave 0, another number it gave, or "signal N". `body` says with a number of
/// its own what was not as it should be; no expectation of GoogleTest inside reaches anybody.
template <class Body>
std::string in_child(Body body) {
  const pid_t child = ::fork();
  if (child < 0) return "no fork";
  if (child == 0) ::_exit(body());
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return "no child";
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return std::to_string(WEXITSTATUS(status));
}

}  // namespace ringpost::test
