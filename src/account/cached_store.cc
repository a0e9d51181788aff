#include "account/cached_store.h"

#include <array>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "account/password_check.h"
#include "base/random.h"
#include "crypto/hmac.h"
#include "mail/saslprep.h"

namespace ringpost::account {

namespace {

std::string random_key() {
  std::array<std::byte, 32> key{};
  random_octets(key);
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

// Answers by key, with an end to each, and only one thread at a time out to get the same one.
class Answers {
 public:
  explicit Answers(std::size_t entries_max) : entries_max_(std::max<std::size_t>(entries_max, 1)) {}

  /// The answer remembered, or that of `ask`, for as long as `life(answer)` says (zero: not remembered).
  template <class Ask, class Life>
  Result<Account> get(const std::string& key, Ask ask, Life life) {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (const Result<Account>* const known = remembered(key)) return *known;
      if (asking_.insert(key).second) break;
      answered_.wait(lock);
    }
    lock.unlock();
    Result<Account> answer = ask();
    lock.lock();
    asking_.erase(key);
    if (const Duration for_how_long = life(answer); for_how_long > Duration::zero())
      remember(key, answer, monotonic_now() + for_how_long);
    lock.unlock();
    answered_.notify_all();
    return answer;
  }

 private:
  struct Entry {
    std::string key;
    Result<Account> answer;
    MonotonicTime until;
  };

  const Result<Account>* remembered(const std::string& key) {
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return nullptr;
    if (at->second->until <= monotonic_now()) {
      entries_.erase(at->second);
      by_key_.erase(at);
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, at->second);
    return &at->second->answer;
  }

  void remember(const std::string& key, const Result<Account>& answer, MonotonicTime until) {
    if (entries_.size() >= entries_max_) {
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front({key, answer, until});
    by_key_[key] = entries_.begin();
  }

  const std::size_t entries_max_;
  std::mutex mutex_;  // all below
  std::condition_variable answered_;
  std::list<Entry> entries_;  // what was asked for last stands first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::unordered_set<std::string> asking_;
};

class CachedStore : public Store {
 public:
  CachedStore(std::unique_ptr<Store> store, const CacheOptions& options)
      : store_(std::move(store)),
        options_(options),
        key_(random_key()),
        found_(options.entries_max),
        verified_(options.entries_max) {}

  Abilities abilities() const noexcept override { return store_->abilities(); }

  Result<Account> find(std::string_view login) override {
    const auto key = mail::login_key(login);
    if (!key) return fail(ErrorKind::not_found, "no such account", wrong_credentials);
    return found_.get(
        *key, [&] { return store_->find(login); },
        [this](const Result<Account>& answer) {
          if (answer) return options_.life;
          return answer.error().kind == ErrorKind::not_found ? options_.failure_life : Duration::zero();
        });
  }

  Result<Account> verify(std::string_view login, std::string_view password) override {
    const std::string name = mail::login_key(login).value_or(std::string());
    if (name.empty() || password.empty()) return store_->verify(login, password);
    const std::string digest = crypto::hmac(crypto::Digest::sha256, key_, name + '\0' + std::string(password));
    return verified_.get(
        digest, [&] { return store_->verify(login, password); },
        [this](const Result<Account>& answer) { return answer ? options_.life : Duration::zero(); });
  }

  ScramKeys decoy(std::string_view login, bool sha256) override { return store_->decoy(login, sha256); }
  std::vector<std::pair<std::string, std::string>> display_names() override { return store_->display_names(); }

 private:
  const std::unique_ptr<Store> store_;
  const CacheOptions options_;
  const std::string key_;
  Answers found_, verified_;
};

}  // namespace

std::unique_ptr<Store> make_cached_store(std::unique_ptr<Store> store, const CacheOptions& options) {
  return std::make_unique<CachedStore>(std::move(store), options);
}

}  // namespace ringpost::account
