#include "account/users_editor.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "crypto/equal.h"
#include "mail/saslprep.h"

namespace ringpost::account {

namespace {

constexpr std::size_t file_octets_max = 256 << 20;

std::size_t line_begin(std::string_view text, unsigned line) noexcept {  // lines count from 1
  std::size_t at = 0;
  for (; line > 1 && at < text.size(); --line) {
    const std::size_t end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
  }
  return at;
}

/// The end of `block` without the empty lines and comments behind it.
std::size_t without_trailing_comments(std::string_view block) noexcept {
  std::size_t end = block.size();
  while (end > 0) {
    const std::size_t before = block.substr(0, end - 1).rfind('\n');
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    std::string_view line = trim(block.substr(begin, end - begin));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line = trim(line.substr(0, line.size() - 1));
    if (!line.empty() && !line.starts_with('#')) break;
    end = begin;
  }
  return end;
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "write " + path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return fail_errno(errno, "fsync " + path);
  return {};
}

}  // namespace

UsersEditor::UsersEditor(UsersEditor&& other) noexcept
    : path_(std::move(other.path_)),
      directory_(std::exchange(other.directory_, -1)),
      exists_(other.exists_),
      text_(std::move(other.text_)),
      users_(std::move(other.users_)) {}

UsersEditor::~UsersEditor() {
  crypto::wipe(text_);
  if (directory_ >= 0) ::close(directory_);  // and with it the lock
}

Result<UsersEditor> UsersEditor::open(const std::string& path) {
  std::error_code error;
  std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  if (error) return fail(ErrorKind::io, path + ": " + error.message());
  const std::string folder = real.parent_path().string();
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return fail_errno(errno, "open " + folder);
  UsersEditor editor(real.string(), directory);
  while (::flock(directory, LOCK_EX) != 0)
    if (errno != EINTR) return fail_errno(errno, "lock " + folder);

  errno = 0;
  std::ifstream file(editor.path_, std::ios::binary);
  editor.exists_ = static_cast<bool>(file);
  if (!file && errno != ENOENT) return fail_errno(errno, "open " + editor.path_);
  std::ostringstream text;
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad() || text.view().size() > file_octets_max) return fail(ErrorKind::io, "cannot read " + editor.path_);
  if (auto taken = editor.take(std::move(text).str()); !taken) return propagate(taken);
  return editor;
}

Result<void> UsersEditor::take(std::string text) {
  auto users = parse_users(text, path_);
  if (!users) {
    std::string problems;
    for (const std::string& problem : users.error()) problems += (problems.empty() ? "" : "\n") + problem;
    return fail(ErrorKind::invalid, std::move(problems));
  }
  crypto::wipe(text_);
  text_ = std::move(text);
  users_ = std::move(*users);
  return {};
}

const UserEntry* UsersEditor::find(std::string_view login) const {
  const auto key = mail::login_key(login);
  const auto at =
      std::ranges::find_if(users_, [&](const UserEntry& user) { return mail::login_key(user.login) == key; });
  return !key || at == users_.end() ? nullptr : &*at;
}

Result<std::pair<std::size_t, std::size_t>> UsersEditor::place_of(const UserEntry& user) const {
  const std::size_t begin = line_begin(text_, user.line);
  const auto next = std::ranges::find_if(users_, [&](const UserEntry& other) { return other.line > user.line; });
  const std::size_t end = next == users_.end() ? text_.size() : line_begin(text_, next->line);
  const std::string_view block = std::string_view(text_).substr(begin, end - begin);
  if (!trim(block).starts_with("[["))
    return fail(ErrorKind::invalid, path_ + ":" + std::to_string(user.line) + ":1: " + printable(user.login) +
                                        " is not written as a [[user]] table: change it by hand");
  return std::pair(begin, begin + without_trailing_comments(block));
}

Result<void> UsersEditor::put(const UserEntry& user) {
  std::string text = text_;
  if (const UserEntry* const old = find(user.login); old != nullptr) {
    const auto place = place_of(*old);
    if (!place) return std::unexpected(place.error());
    text.replace(place->first, place->second - place->first, print_user(user));
  } else {
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += (text.empty() ? "" : "\n") + print_user(user);
  }
  return take(std::move(text));
}

Result<void> UsersEditor::remove(std::string_view login) {
  const UserEntry* const user = find(login);
  if (user == nullptr) return fail(ErrorKind::not_found, "no account " + printable(login) + " in " + path_);
  const auto place = place_of(*user);
  if (!place) return std::unexpected(place.error());
  std::string text = text_;
  text.erase(place->first, place->second - place->first);
  if (place->first >= 2 && text.substr(place->first - 2, 2) == "\n\n" &&
      (place->first == text.size() || text[place->first] == '\n'))
    text.erase(place->first - 1, 1);  // not two empty lines where the table stood
  return take(std::move(text));
}

Result<void> UsersEditor::save(Owner new_owner) const {
  struct stat old{};
  mode_t mode = 0600;
  if (exists_) {
    if (::stat(path_.c_str(), &old) != 0) return fail_errno(errno, "stat " + path_);
    mode = old.st_mode & 0660;
    new_owner = {old.st_uid, old.st_gid};
  }
  std::string temporary = path_ + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "create " + temporary);
  Result<void> done;
  if (::geteuid() == 0 && ::fchown(fd, new_owner.user, new_owner.group) != 0)
    done = fail_errno(errno, "change the owner of " + temporary);
  if (done && ::fchmod(fd, mode) != 0) done = fail_errno(errno, "change the mode of " + temporary);
  if (done) done = write_all(fd, text_, temporary);
  ::close(fd);
  if (done && ::rename(temporary.c_str(), path_.c_str()) != 0) done = fail_errno(errno, "rename " + temporary);
  if (!done) {
    ::unlink(temporary.c_str());
  } else if (::fsync(directory_) != 0) {
    done = fail_errno(errno, "fsync the directory of " + path_);
  }
  return done;
}

}  // namespace ringpost::account
