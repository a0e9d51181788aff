#include "sasl/server.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sasl/mechanism.h"

namespace ringpost::sasl {

namespace {

class MechanismServer final : public Server {
 public:
  MechanismServer(const Options& options, std::string hostname, account::Store& store)
      : context_{.options = options, .hostname = std::move(hostname), .store = store} {}

  Result<void> prepare() {
    for (const std::string& name : context_.options.mechanisms) {
      const Mechanism* mechanism = find_mechanism(name);
      if (!mechanism) return fail(ErrorKind::invalid, "unknown SASL mechanism " + name);
      if (std::ranges::find(ready_, mechanism, &Ready::mechanism) != ready_.end()) continue;
      auto maker = mechanism->prepare(context_);
      if (!maker) return propagate(maker);
      ready_.push_back({mechanism, std::move(*maker)});
    }
    return {};
  }

  std::vector<std::string> mechanisms(const Channel& channel) const override {
    std::vector<std::string> names;
    for (const Ready& ready : ready_)
      if (!obstacle(*ready.mechanism, context_, channel)) names.emplace_back(ready.mechanism->name);
    return names;
  }

  Result<std::unique_ptr<ServerExchange>> start(std::string_view mechanism, Channel channel) const override {
    const auto ready =
        std::ranges::find_if(ready_, [&](const Ready& each) { return iequals(each.mechanism->name, mechanism); });
    if (ready == ready_.end()) return fail(ErrorKind::not_found, "this mechanism is not offered");
    if (auto error = obstacle(*ready->mechanism, context_, channel)) return std::unexpected(std::move(*error));
    return ready->maker(std::move(channel));
  }

 private:
  struct Ready {
    const Mechanism* mechanism;
    Maker maker;
  };

  const ServerContext context_;
  std::vector<Ready> ready_;  // in the configured order
};

}  // namespace

Result<std::unique_ptr<Server>> Server::create(const Options& options, std::string hostname, account::Store& store) {
  auto server = std::make_unique<MechanismServer>(options, std::move(hostname), store);
  auto prepared = server->prepare();
  if (!prepared) return propagate(prepared);
  return server;
}

bool weak_mechanism(std::string_view name) noexcept {
  const Mechanism* mechanism = find_mechanism(name);
  return mechanism && mechanism->weak;
}

}  // namespace ringpost::sasl
