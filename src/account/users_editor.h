// Changes the account file: one [[user]] at a time, everything else stays as it was written, comments included. From
// open() until the editor is gone no other editor gets in (a lock on the directory); readers see the old file or the
// new one, never half of either, and the new one is on the disk before it is seen.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "account/users_file.h"
#include "base/result.h"

namespace ringpost::account {

class UsersEditor {
 public:
  /// Waits for other editors. A file that does not exist is an empty one. Errors: io, invalid (its problems, a line
  /// each).
  static Result<UsersEditor> open(const std::string& path);
  UsersEditor(UsersEditor&& other) noexcept;
  UsersEditor& operator=(UsersEditor&&) = delete;
  ~UsersEditor();

  const std::vector<UserEntry>& users() const noexcept { return users_; }
  /// nullptr: there is none. By login_key().
  const UserEntry* find(std::string_view login) const;

  /// Replaces the account of the same login, or adds it at the end. Errors: invalid.
  Result<void> put(const UserEntry& user);
  /// Errors: not_found, invalid.
  Result<void> remove(std::string_view login);

  struct Owner {
    uid_t user;
    gid_t group;
  };
  /// With owner and mode of the file there was, never readable by all; a new file is for its owner alone, who is
  /// `new_owner` where the caller is root. Errors: io, no_space.
  Result<void> save(Owner new_owner) const;

 private:
  UsersEditor(std::string path, int directory) : path_(std::move(path)), directory_(directory) {}
  Result<void> take(std::string text);
  /// Where the [[user]] table of `user` begins and ends in text_; comments before the next one belong to that.
  Result<std::pair<std::size_t, std::size_t>> place_of(const UserEntry& user) const;

  std::string path_;  // where a symbolic link leads to
  int directory_;     // locked
  bool exists_ = false;
  std::string text_;
  std::vector<UserEntry> users_;
};

}  // namespace ringpost::account
