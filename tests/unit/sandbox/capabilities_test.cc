#include "sandbox/capabilities.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "support/in_child.h"

namespace ringpost::sandbox {
namespace {

/// "CapEff" of /proc/self/status, as a number.
std::uint64_t set_of(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1), nullptr, 16);
  return ~0ULL;
}

constexpr std::uint64_t net_bind_service = 1ULL << 10;  // capability.h of the kernel

bool has_all() {
  return (set_of("CapEff") & net_bind_service) != 0 && (set_of("CapEff") & 1ULL << 8) != 0;  // and CAP_SETPCAP
}

int listen_below_1024() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int port = 600; port < 620; ++port) {
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    if (errno != EADDRINUSE) return errno;
  }
  return EADDRINUSE;
}

TEST(Capabilities, OfRootOneIsLeft) {
  if (!has_all()) GTEST_SKIP() << "not started with the capabilities of root";
  EXPECT_EQ(test::in_child([] {
              const auto left = keep_only(std::array{Capability::net_bind_service});
              if (!left || *left != "cap_net_bind_service") return 1;
              if (set_of("CapEff") != net_bind_service || set_of("CapPrm") != net_bind_service) return 2;
              if (set_of("CapBnd") != net_bind_service) return 3;
              return set_of("CapInh") == 0 && set_of("CapAmb") == 0 ? 0 : 4;
            }),
            "0");
}

TEST(Capabilities, SurviveTheChangeOfUserAndOpenALowPort) {
  if (!has_all()) GTEST_SKIP() << "not started with the capabilities of root";
  EXPECT_EQ(test::in_child([] {
              if (!keep_capabilities_across_setuid() || ::setgid(65534) != 0 || ::setuid(65534) != 0) return 1;
              if (!keep_only(std::array{Capability::net_bind_service})) return 2;
              if (set_of("CapEff") != net_bind_service) return 3;
              if (::setuid(0) == 0) return 4;
              return listen_below_1024() == 0 ? 0 : 5;
            }),
            "0");
}

TEST(Capabilities, NobodyHasNoneAndMayDropThem) {
  EXPECT_EQ(test::in_child([] {
              if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 1;
              const auto left = keep_only(std::array{Capability::net_bind_service, Capability::dac_override});
              if (!left || !left->empty()) return 2;
              return set_of("CapEff") == 0 && set_of("CapPrm") == 0 ? 0 : 3;
            }),
            "0");
}

}  // namespace
}  // namespace ringpost::sandbox
