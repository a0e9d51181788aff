#include "tlsrpt/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/file.h"
#include "io/small_file.h"

namespace ringpost::tlsrpt {

using nlohmann::json;

namespace {

constexpr std::string_view suffix = ".log";
constexpr std::size_t line_octets_max = 1024 * 1024;

std::string line_of(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

template <std::size_t count>
std::optional<std::size_t> index_of(const std::array<std::string_view, count>& names, const std::string& name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

std::string text_in(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::uint64_t number_in(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

std::vector<std::string> texts_in(const json& object, const char* key) {
  std::vector<std::string> texts;
  const auto at = object.find(key);
  if (at == object.end() || !at->is_array()) return texts;
  for (const json& each : *at)
    if (each.is_string()) texts.push_back(each.get<std::string>());
  return texts;
}

void add_detail(const json& object, PolicyTally& to) {
  const auto kind = object.is_object() ? index_of(failure_kind_names, text_in(object, "kind")) : std::nullopt;
  if (!kind) return;
  const Failure failure{.kind = static_cast<FailureKind>(*kind),
                        .sending_ip = text_in(object, "sending_ip"),
                        .mx_host = text_in(object, "mx_host"),
                        .mx_helo = text_in(object, "mx_helo"),
                        .receiving_ip = text_in(object, "receiving_ip"),
                        .reason = text_in(object, "reason")};
  to.add(failure, number_in(object, "count"));
}

void add_line(std::string_view line, DayNotes& to) {
  if (line.empty() || line.size() > line_octets_max) return;
  const json object = json::parse(line, nullptr, false);
  if (!object.is_object()) return;
  if (object.contains("settled")) {
    to.settled.emplace(text_in(object, "settled"), text_in(object, "target"));
    return;
  }
  const std::string domain = text_in(object, "domain");
  const auto type = index_of(policy_type_names, text_in(object, "type"));
  if (domain.empty() || !type) return;
  PolicyTally tally;
  tally.successes = number_in(object, "successes");
  if (const auto details = object.find("details"); details != object.end() && details->is_array())
    for (const json& each : *details) add_detail(each, tally);
  to.tally.add(domain, {static_cast<PolicyType>(*type), texts_in(object, "text"), texts_in(object, "hosts")}, tally);
}

json detail_of(const Failure& failure, std::uint64_t count) {
  json detail{{"kind", failure_kind_names[static_cast<std::size_t>(failure.kind)]}, {"count", count}};
  for (const auto& [key, value] : {std::pair{"sending_ip", &failure.sending_ip},
                                   {"mx_host", &failure.mx_host},
                                   {"mx_helo", &failure.mx_helo},
                                   {"receiving_ip", &failure.receiving_ip},
                                   {"reason", &failure.reason}})
    if (!value->empty()) detail[key] = *value;
  return detail;
}

std::string settled_line(const std::string& domain, const std::string& target) {
  return line_of({{"settled", domain}, {"target", target}});
}

}  // namespace

std::string journal_lines(const Tally& tally) {
  std::string lines;
  for (const auto& [domain, policies] : tally.domains()) {
    for (const auto& [policy, sums] : policies) {
      json object{{"domain", domain},
                  {"type", policy_type_names[static_cast<std::size_t>(policy.type)]},
                  {"text", policy.text},
                  {"hosts", policy.hosts},
                  {"successes", sums.successes}};
      json details = json::array();
      for (const auto& [failure, count] : sums.details) details.push_back(detail_of(failure, count));
      object["details"] = std::move(details);
      lines += line_of(object);
    }
  }
  return lines;
}

DayNotes parse_journal(std::string_view text) {
  DayNotes notes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    add_line(text.substr(0, end), notes);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return notes;
}

std::string Journal::path_of(Day day) const {
  return folder_ + "/" + day.text() + std::string(suffix);
}

Result<void> Journal::append(Day day, const Tally& tally) {
  const std::lock_guard one_at_a_time(mutex_);
  struct stat status{};
  if (::stat(path_of(day).c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) > octets_max_) {
    auto made = write_anew(day);
    if (!made) return made;
    const bool still_large =
        ::stat(path_of(day).c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) > octets_max_ / 4 * 3;
    if (still_large) return fail(ErrorKind::no_space, path_of(day) + " has as much as a day may have");
  }
  return write(day, journal_lines(tally));
}

Result<void> Journal::settle(Day day, const std::string& domain, const std::string& target) {
  const std::lock_guard one_at_a_time(mutex_);
  return write(day, settled_line(domain, target));
}

Result<void> Journal::write(Day day, const std::string& lines) {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, "make " + folder_);
  const std::string path = path_of(day);
  const io::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return fail_errno(errno, "open " + path);
  // A line that a crash has torn ends here, and spoils nothing but itself.
  const std::string octets = "\n" + lines;
  for (std::size_t done = 0; done < octets.size();) {
    const auto written = ::write(file.get(), octets.data() + done, octets.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(written < 0 ? errno : EIO, "write " + path);
    done += static_cast<std::size_t>(written);
  }
  if (::fdatasync(file.get()) != 0) return fail_errno(errno, "sync " + path);
  return {};
}

Result<void> Journal::write_anew(Day day) {
  const DayNotes notes = read(day);
  std::string text = journal_lines(notes.tally);
  for (const auto& [domain, target] : notes.settled) text += settled_line(domain, target);
  return io::replace_file(path_of(day), text);
}

DayNotes Journal::read(Day day) const {
  const std::string path = path_of(day);
  std::error_code error;
  const auto octets = std::filesystem::file_size(path, error);
  if (error) return {};
  // What is appended meanwhile is read the next time.
  const auto text = io::read_small_file(path, static_cast<std::size_t>(octets) + line_octets_max);
  return text ? parse_journal(*text) : DayNotes{};
}

std::vector<Day> Journal::days(Day today) {
  std::vector<Day> found;
  std::error_code error;
  for (std::filesystem::directory_iterator each(folder_, error), end; !error && each != end; each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (!name.ends_with(suffix)) continue;
    const auto day = Day::parse(std::string_view(name).substr(0, name.size() - suffix.size()));
    if (!day) continue;
    if (day->number + days_kept < today.number) {
      ::unlink(each->path().c_str());
    } else {
      found.push_back(*day);
    }
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace ringpost::tlsrpt
