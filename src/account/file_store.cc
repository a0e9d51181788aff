#include "account/file_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <unordered_map>

#include "account/password_check.h"
#include "account/scram_keys.h"
#include "account/users_file.h"
#include "base/random.h"
#include "crypto/equal.h"
#include "crypto/hmac.h"
#include "crypto/password_hash.h"
#include "crypto/seal.h"
#include "mail/saslprep.h"
#include "telemetry/log.h"

namespace ringpost::account {

namespace {

constexpr std::size_t file_octets_max = 256 << 20;
constexpr std::size_t seed_octets = 32;

std::int64_t now() noexcept {
  return monotonic_now().time_since_epoch().count();
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_all(int fd, const std::string& path) {
  std::string text;
  std::array<char, 1 << 16> piece{};
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read " + path);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > file_octets_max) return fail(ErrorKind::too_large, path + ": larger than 256 MiB");
  }
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

std::string random_seed() {
  std::array<std::byte, seed_octets> seed{};
  random_octets(seed);
  return {reinterpret_cast<const char*>(seed.data()), seed.size()};
}

const ScramKeys& keys_of(const Account& account, bool sha256) noexcept {
  return sha256 ? *account.scram_sha256 : *account.scram_sha1;
}

std::uint64_t number_from(std::string_view octets) noexcept {
  std::uint64_t number = 0;
  for (const char c : octets.substr(0, 8)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::unexpected<Error> refuse(std::string reason) {
  return fail(ErrorKind::refused, std::move(reason), wrong_credentials);
}

enum Ability : std::uint8_t { has_sha256 = 1, has_sha1 = 2, has_password = 4, has_srp = 8 };

std::uint8_t abilities_of(const Account& account, bool sealed) noexcept {
  return static_cast<std::uint8_t>((account.scram_sha256 ? has_sha256 : 0) | (account.scram_sha1 ? has_sha1 : 0) |
                                   (sealed ? has_password : 0) | (account.srp ? has_srp : 0));
}

}  // namespace

FileStore::Stamp FileStore::stamp_of(const struct stat& status) noexcept {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec};
}

FileStore::Stamp FileStore::stamp_of(const std::string& path) noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? stamp_of(status) : Stamp{};
}

struct FileStore::Entry {
  Account account;
  std::string key;
  std::string sealed;
};

struct FileStore::Content {
  std::vector<Entry> entries;
  std::unordered_map<std::string_view, const Entry*> by_key;  // keys live in entries
  std::vector<const Entry*> with_sha256, with_sha1;
  std::uint8_t abilities = 0;

  const Entry* find(std::string_view login) const {
    const auto key = mail::login_key(login);
    if (!key) return nullptr;
    const auto at = by_key.find(*key);
    return at == by_key.end() ? nullptr : at->second;
  }
};

struct FileStore::Secrets {
  std::optional<crypto::SealingKey> sealing;
  std::string seed;

  Result<std::string> open(std::string_view sealed, std::string_view key) const {
    if (sealed.empty()) return std::string();
    if (!sealing) return fail(ErrorKind::invalid, "no key file is configured that could open it");
    return sealing->open(sealed, key);
  }
  /// They belong to a login for good, and nobody can compute them who does not know the seed.
  std::string octets(std::string_view purpose, std::string_view login) const {
    return crypto::hmac(
        crypto::Digest::sha256, seed,
        std::string(purpose) + '\0' + mail::login_key(login).value_or(std::string(login.substr(0, 1024))));
  }
};

FileStore::FileStore(const FileOptions& options, std::unique_ptr<Secrets> secrets)
    : options_(options), secrets_(std::move(secrets)) {}
FileStore::~FileStore() = default;

Result<std::unique_ptr<Store>> FileStore::create(const FileOptions& options) {
  auto secrets = std::make_unique<Secrets>();
  secrets->seed = random_seed();
  if (!options.key_file.empty()) {
    auto key = crypto::SealingKey::read(options.key_file);
    if (!key) return propagate(key);
    secrets->sealing = std::move(*key);
    secrets->seed = secrets->sealing->derive("decoys");  // the same after a restart and on every node
  }
  std::unique_ptr<FileStore> store(new FileStore(options, std::move(secrets)));
  auto content = store->read(store->stamp_);
  if (!content) return propagate(content);
  store->use(std::move(*content));
  store->look_at_ = now() + options.look_again.count();
  return store;
}

Result<std::shared_ptr<const FileStore::Content>> FileStore::read(Stamp& stamp) const {
  const Descriptor file(options_.path);
  if (file.get() < 0)
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::io,
                Error::from_errno(errno, "open the account file " + options_.path).reason);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "stat " + options_.path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::invalid, options_.path + ": not a file");
  stamp = stamp_of(status);  // before reading: what is written meanwhile makes another one
  auto text = read_all(file.get(), options_.path);
  if (!text) return propagate(text);
  auto users = parse_users(*text, options_.path);
  crypto::wipe(*text);
  if (!users) return fail(ErrorKind::invalid, joined(users.error()));

  return made_of(std::move(*users));
}

Result<std::shared_ptr<const FileStore::Content>> FileStore::made_of(std::vector<UserEntry> users) const {
  auto content = std::make_shared<Content>();
  content->entries.reserve(users.size());
  std::vector<std::string> problems;
  for (UserEntry& user : users) {
    Entry entry{to_account(user), mail::login_key(user.login).value_or(user.login), std::move(user.sealed)};
    if (auto opened = secrets_->open(entry.sealed, entry.key); opened) {
      crypto::wipe(*opened);
    } else {
      problems.push_back(options_.path + ":" + std::to_string(user.line) + ":1: sealed password of " + user.login +
                         ": " + opened.error().reason);
    }
    content->entries.push_back(std::move(entry));
  }
  if (!problems.empty()) return fail(ErrorKind::invalid, joined(problems));
  for (const Entry& entry : content->entries) {
    content->by_key.emplace(entry.key, &entry);
    if (entry.account.scram_sha256) content->with_sha256.push_back(&entry);
    if (entry.account.scram_sha1) content->with_sha1.push_back(&entry);
    content->abilities |= abilities_of(entry.account, !entry.sealed.empty());
  }
  return content;
}

void FileStore::use(std::shared_ptr<const Content> content) {
  abilities_.store(content->abilities, std::memory_order_relaxed);
  const std::lock_guard lock(changing_);
  content_ = std::move(content);
}

std::shared_ptr<const FileStore::Content> FileStore::in_use() const {
  const std::lock_guard lock(changing_);
  return content_;
}

std::shared_ptr<const FileStore::Content> FileStore::latest() {
  if (now() >= look_at_.load(std::memory_order_relaxed)) {
    if (const std::unique_lock lock(reading_, std::try_to_lock); lock) read_if_changed();
  }
  return in_use();
}

void FileStore::read_if_changed() {
  look_at_.store(now() + options_.look_again.count(), std::memory_order_relaxed);
  const Stamp seen = stamp_of(options_.path);
  if (seen == stamp_) return;
  stamp_ = seen;  // also of a file that is broken or gone: one complaint for each change
  auto content = read(stamp_);
  if (!content) {
    telemetry::Event(telemetry::EventKind::warning)
        .field("operation", "read the account file again; the accounts read before stay in use")
        .field("path", options_.path)
        .error(content.error())
        .emit();
    return;
  }
  telemetry::Event(telemetry::EventKind::reload)
      .field("path", options_.path)
      .field("count", (*content)->entries.size())
      .emit();
  use(std::move(*content));
}

Abilities FileStore::abilities() const noexcept {
  const std::uint8_t bits = abilities_.load(std::memory_order_relaxed);
  return {.plain = true,
          .scram_sha256 = (bits & has_sha256) != 0,
          .scram_sha1 = (bits & has_sha1) != 0,
          .password = (bits & has_password) != 0,
          .srp = (bits & has_srp) != 0,
          .names = true};
}

Result<Account> FileStore::find(std::string_view login) {
  const auto content = latest();
  const Entry* const entry = content->find(login);
  if (entry == nullptr) return fail(ErrorKind::not_found, "no such account", wrong_credentials);
  return opened(*entry);
}

Result<Account> FileStore::opened(const Entry& entry) const {
  Account account = entry.account;
  if (entry.sealed.empty()) return account;
  auto password = secrets_->open(entry.sealed, entry.key);
  if (!password) return propagate(password);
  account.password = std::move(*password);
  return account;
}

Result<Account> FileStore::verify(std::string_view login, std::string_view password) {
  const auto content = latest();
  const Entry* const entry = content->find(login);
  if (entry == nullptr) {
    const auto& others = content->entries;
    if (others.empty()) {
      crypto::spend_password_check(password);
    } else {  // the time that one of them would take, and always the same one
      const std::uint64_t number = number_from(secrets_->octets("account", login));
      static_cast<void>(password_matches(others[number % others.size()].account, password));
    }
    return refuse("no such account");
  }
  auto account = opened(*entry);
  if (!account) return account;
  if (!password_matches(*account, password)) return refuse("wrong password");
  if (!account->enabled) return refuse("the account is disabled");
  return account;
}

ScramKeys FileStore::decoy(std::string_view login, bool sha256) {
  const auto content = in_use();
  const auto& like = sha256 ? content->with_sha256 : content->with_sha1;
  const std::string seed = secrets_->octets(sha256 ? "scram-sha-256" : "scram-sha-1", login);
  return decoy_keys(seed, like.empty() ? ScramKeys{} : keys_of(like[number_from(seed) % like.size()]->account, sha256),
                    sha256);
}

std::vector<std::pair<std::string, std::string>> FileStore::display_names() {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto content = latest(); const Entry& entry : content->entries)
    if (!entry.account.identity.display_name.empty())
      names.emplace_back(entry.account.identity.display_name, entry.account.identity.login);
  return names;
}

}  // namespace ringpost::account
