#include "relay/sts_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "crypto/digest.h"
#include "io/small_file.h"

namespace ringpost::relay {

namespace {

constexpr std::string_view mark = "ringpost-sts 1 ";
constexpr std::string_view suffix = ".sts";
constexpr std::size_t file_octets_max = StsPolicy::octets_max + 1'024;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (std::filesystem::directory_iterator each(folder, ignored), end; !ignored && each != end; each.increment(ignored))
    files.push_back(each->path().string());
  return files;
}

/// The next word of a line, without the blank behind it.
std::string_view take_word(std::string_view& line) noexcept {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

}  // namespace

std::string stored_text(std::string_view domain, const StoredSts& policy) {
  std::string text(mark);
  (text += domain) += ' ';
  return text + policy.id + ' ' + std::to_string(policy.fetched) + '\n' + policy.text;
}

std::optional<StoredSts> parse_stored(std::string_view domain, std::string_view text) {
  const std::size_t end = text.find('\n');
  if (!text.starts_with(mark) || end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(mark.size(), end - mark.size());
  if (take_word(line) != domain) return std::nullopt;
  StoredSts stored;
  stored.id = take_word(line);
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), stored.fetched);
  if (error != std::errc() || rest != line.data() + line.size()) return std::nullopt;
  stored.text = text.substr(end + 1);
  auto policy = parse_sts_policy(stored.text);
  if (!policy) return std::nullopt;
  stored.policy = std::move(*policy);
  return stored;
}

// A digest: a domain's name with a suffix may be longer than a file's may be.
std::string StsStore::path_of(std::string_view domain) const {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string path = folder_ + "/";
  for (const char c : crypto::digest(crypto::Digest::sha256, domain)) {
    path += digits[static_cast<std::uint8_t>(c) >> 4];
    path += digits[static_cast<std::uint8_t>(c) & 15];
  }
  return path.append(suffix);
}

std::optional<StoredSts> StsStore::read(const std::string& domain) const {
  const auto text = io::read_small_file(path_of(domain), file_octets_max);
  return text ? parse_stored(domain, *text) : std::nullopt;
}

Result<void> StsStore::make_room() const {
  const std::vector<std::string> files = files_in(folder_);
  if (files.size() < domains_max) return {};
  const std::int64_t now = WallTime::now().milliseconds / 1000;
  std::size_t left = files.size();
  for (const std::string& path : files) {
    const auto text = io::read_small_file(path, file_octets_max);
    std::string_view line = text ? std::string_view(*text).substr(0, text->find('\n')) : std::string_view();
    line.remove_prefix(std::min(mark.size(), line.size()));
    const std::string domain(take_word(line));
    const auto stored = text ? parse_stored(domain, *text) : std::nullopt;
    if ((!stored || stored->expired(now)) && ::unlink(path.c_str()) == 0) --left;
  }
  if (left < domains_max) return {};
  return fail(ErrorKind::unavailable, folder_ + " holds " + std::to_string(left) + " policies: no more are kept");
}

Result<void> StsStore::write(const std::string& domain, const StoredSts& policy) const {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, "create " + folder_);
  if (auto room = make_room(); !room) return room;
  return io::replace_file(path_of(domain), stored_text(domain, policy));
}

}  // namespace ringpost::relay
