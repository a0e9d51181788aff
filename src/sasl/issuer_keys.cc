#include "sasl/issuer_keys.h"

#include <sys/stat.h>

#include <utility>

#include "io/small_file.h"

namespace ringpost::sasl {

namespace {

constexpr std::size_t file_octets_max = 1024UL * 1024;
constexpr Duration fetched_again_after = std::chrono::hours(1);
constexpr Duration between_fetches = std::chrono::minutes(1);
constexpr Duration between_first_fetches = std::chrono::seconds(5);  // while there are no keys, nobody can log in
constexpr Duration kept_without_issuer = std::chrono::hours(24);

Result<IssuerKeySet> parsed(std::string_view text, const std::string& where) {
  auto keys = parse_issuer_keys(text);
  if (!keys) return fail(keys.error().kind, where + ": " + keys.error().reason);
  return std::make_shared<const std::vector<IssuerKey>>(std::move(*keys));
}

class KeysInFile final : public IssuerKeys {
 public:
  explicit KeysInFile(std::string path) : path_(std::move(path)) {}

  Result<void> read() {
    const Version version = version_now();
    auto text = io::read_small_file(path_, file_octets_max);
    if (!text) return propagate(text);
    auto keys = parsed(*text, path_);
    if (!keys) return propagate(keys);
    keys_ = std::move(*keys);
    version_ = version;
    return {};
  }

  // A file that has become unreadable changes nothing: whoever writes it may be half through.
  Result<IssuerKeySet> find(std::string_view, crypto::SignatureScheme) override {
    const std::lock_guard lock(mutex_);
    if (version_now() != version_) static_cast<void>(read());
    return keys_;
  }

 private:
  struct Version {
    std::int64_t seconds = 0, nanoseconds = 0, octets = 0;
    std::uint64_t inode = 0;
    bool operator==(const Version&) const = default;
  };
  Version version_now() const {
    struct stat status{};
    if (::stat(path_.c_str(), &status) != 0) return {};
    return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size, status.st_ino};
  }

  const std::string path_;
  std::mutex mutex_;  // all below
  Version version_;
  IssuerKeySet keys_;
};

class KeysAtUrl final : public IssuerKeys {
 public:
  KeysAtUrl(std::string url, lookup::HttpFunction http, MonotonicClock clock)
      : url_(std::move(url)), http_(std::move(http)), clock_(std::move(clock)) {}

  Result<IssuerKeySet> find(std::string_view key_id, crypto::SignatureScheme scheme) override {
    const State before = state();
    const MonotonicTime now = clock_();
    const bool known = before.keys && !candidates(*before.keys, key_id, scheme).empty();
    if (known && now - before.fetched < fetched_again_after) return before.keys;
    // Who has no keys at all waits for those on their way; everybody else goes on with what is there.
    std::unique_lock fetching(fetch_mutex_, std::defer_lock);
    if (!before.keys) {
      fetching.lock();
    } else if (!fetching.try_lock()) {
      if (known && usable(before, now)) return before.keys;
      return fail(ErrorKind::unavailable, url_ + ": keys are being fetched");
    }
    fetch_if_due();
    const State after = state();
    if (after.keys && usable(after, clock_())) return after.keys;
    return fail(ErrorKind::unavailable, "no keys: " + after.problem);
  }

 private:
  struct State {
    IssuerKeySet keys;
    MonotonicTime fetched{};
    std::optional<MonotonicTime> tried;
    std::string problem;  // of the last try
  };

  static bool usable(const State& state, MonotonicTime now) { return now - state.fetched < kept_without_issuer; }

  State state() {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  // Under fetch_mutex_.
  void fetch_if_due() {
    State next = state();
    const MonotonicTime now = clock_();
    if (next.tried && now - *next.tried < (next.keys ? between_fetches : between_first_fetches)) return;
    next.tried = now;
    auto keys = fetch();
    if (keys) {
      next.keys = std::move(*keys);
      next.fetched = now;
      next.problem.clear();
    } else {
      next.problem = keys.error().reason;
    }
    const std::lock_guard lock(mutex_);
    state_ = std::move(next);
  }

  Result<IssuerKeySet> fetch() {
    auto response = http_({.url = url_});
    if (!response) return propagate(response);
    if (response->status != 200)
      return fail(ErrorKind::unavailable, url_ + ": HTTP status " + std::to_string(response->status));
    return parsed(response->body, url_);
  }

  const std::string url_;
  const lookup::HttpFunction http_;
  const MonotonicClock clock_;
  std::mutex fetch_mutex_;  // held while a fetch runs
  std::mutex mutex_;        // state_
  State state_;
};

}  // namespace

Result<std::unique_ptr<IssuerKeys>> issuer_keys_in_file(const std::string& path) {
  auto keys = std::make_unique<KeysInFile>(path);
  auto read = keys->read();
  if (!read) return propagate(read);
  return keys;
}

std::unique_ptr<IssuerKeys> issuer_keys_at_url(std::string url, lookup::HttpFunction http, MonotonicClock clock) {
  return std::make_unique<KeysAtUrl>(std::move(url), std::move(http), std::move(clock));
}

}  // namespace ringpost::sasl
