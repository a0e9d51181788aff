// A DNS of a few names, for tests of what stands on it: answers come at once. "localhost" is known.
#pragma once

#include <arpa/inet.h>

#include <map>
#include <string>
#include <utility>

#include "dns/resolver.h"

namespace ringpost::test {

class FakeDns final : public dns::Resolver {
 public:
  using Type = dns::RecordType;

  FakeDns() { address("localhost", "127.0.0.1"); }

  void address(const std::string& name, const std::string& text) {
    const bool v6 = text.find(':') != std::string::npos;
    std::string octets(v6 ? 16 : 4, '\0');
    inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), octets.data());
    add(name, v6 ? Type::aaaa : Type::a, std::move(octets));
  }
  /// `host` empty: the null MX.
  void mx(const std::string& name, std::uint16_t preference, const std::string& host) {
    std::string octets{static_cast<char>(preference >> 8), static_cast<char>(preference)};
    for (std::size_t at = 0; at < host.size();) {
      const std::size_t dot = std::min(host.find('.', at), host.size());
      octets += static_cast<char>(dot - at);
      octets += host.substr(at, dot - at);
      at = dot + 1;
    }
    add(name, Type::mx, octets + '\0');
  }
  void add(const std::string& name, Type type, std::string octets) {
    dns::Answer& answer = answers_[{name, type}];
    answer.kind = dns::Answer::Kind::records;
    answer.secure = secure;
    answer.records.push_back(std::move(octets));
    names_[name] = true;
  }
  /// `data` as it is, behind the three octets that say what it is.
  void tlsa(const std::string& name, int usage, int selector, int matching, const std::string& data) {
    add(name, Type::tlsa,
        std::string{static_cast<char>(usage), static_cast<char>(selector), static_cast<char>(matching)} + data);
  }
  /// It has no records any more.
  void forget(const std::string& name) {
    std::erase_if(answers_, [&](const auto& each) { return each.first.first == name; });
    names_.erase(name);
  }
  /// The name server of this name does not work.
  void breaks(const std::string& name) { names_[name] = false; }

  io::Task<Result<dns::Answer>> look_up(std::string name, Type type, io::Deadline, io::Cancel) override {
    ++asked;
    const auto known = names_.find(name);
    if (known != names_.end() && !known->second)
      co_return fail(ErrorKind::unavailable, "server failure", {451, {4, 4, 3}});
    const auto found = answers_.find({name, type});
    if (found != answers_.end()) co_return found->second;
    dns::Answer none;
    if (known != names_.end()) none.kind = dns::Answer::Kind::no_records;
    none.secure = secure;
    co_return none;
  }
  io::Task<> close() override { co_return; }

  bool secure = false;  // what is added from now on
  int asked = 0;

 private:
  std::map<std::pair<std::string, Type>, dns::Answer> answers_;
  std::map<std::string, bool> names_;
};

}  // namespace ringpost::test
