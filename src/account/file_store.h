// Accounts in a file of our own (docs/accounts.md). The file is looked at again, at most once a second and only when
// somebody asks, and read when it has changed: `ringpost user` and an editor take effect without a reload. A file that
// is broken or gone leaves the accounts of the last good one in use and is complained of once for each change.
//
// An account is found by its login after SASLprep, without regard to the case of ASCII letters. Whoever asks for a
// login that does not exist is answered, and made to wait, as for one of the accounts that do, always the same one for
// the same login: by time and by salt the two can't be told apart, whatever mix of hashes the file holds.
//
// Any thread: what was read is never changed, only replaced as a whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "account/options.h"
#include "account/store.h"
#include "account/users_file.h"
#include "base/result.h"

struct stat;

namespace ringpost::account {

class FileStore : public Store {
 public:
  /// Errors: not_found, io, invalid (all problems of the file, a line each), as for the key file.
  static Result<std::unique_ptr<Store>> create(const FileOptions& options);
  ~FileStore() override;

  Abilities abilities() const noexcept override;
  Result<Account> find(std::string_view login) override;
  Result<Account> verify(std::string_view login, std::string_view password) override;
  ScramKeys decoy(std::string_view login, bool sha256) override;
  std::vector<std::pair<std::string, std::string>> display_names() override;

 private:
  struct Entry;    // an account, and its sealed password
  struct Content;  // what was read
  struct Secrets;  // the key of sealed passwords, and what decoys are made with
  struct Stamp {   // by which a changed file is known
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };

  FileStore(const FileOptions& options, std::unique_ptr<Secrets> secrets);
  static Stamp stamp_of(const struct stat& status) noexcept;
  static Stamp stamp_of(const std::string& path) noexcept;
  Result<std::shared_ptr<const Content>> read(Stamp& stamp) const;
  Result<std::shared_ptr<const Content>> made_of(std::vector<UserEntry> users) const;
  void use(std::shared_ptr<const Content> content);
  std::shared_ptr<const Content> in_use() const;
  std::shared_ptr<const Content> latest();
  void read_if_changed();
  Result<Account> opened(const Entry& entry) const;

  const FileOptions options_;
  const std::unique_ptr<const Secrets> secrets_;
  std::atomic<std::int64_t> look_at_{0};  // monotonic nanoseconds; not before
  std::atomic<std::uint8_t> abilities_{0};
  std::mutex reading_;  // one thread reads, the others go on with what there is
  Stamp stamp_;         // by reading_
  mutable std::mutex changing_;
  std::shared_ptr<const Content> content_;  // by changing_
};

}  // namespace ringpost::account
