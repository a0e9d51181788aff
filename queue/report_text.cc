#include "queue/report_text.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "mail/address.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t file_octets_max = 64 * 1024;
constexpr std::size_t subject_octets_max = 200;
constexpr std::size_t line_octets_max = 998;  // RFC 5322 2.1.1
constexpr std::string_view recipients_line = "${recipients}";

constexpr std::array<std::string_view, report_kinds> file_names{"failure.txt", "delay.txt", "success.txt",
                                                                "double_bounce.txt"};

constexpr std::string_view failure_body =
    "This is the mail system at ${hostname}.\n\n"
    "Your message could not be delivered to the recipients below. It will not be\n"
    "tried again. The reports of the systems concerned follow, and your message or\n"
    "its header is attached.\n\n"
    "${recipients}\n";
constexpr std::string_view delay_body =
    "This is the mail system at ${hostname}.\n\n"
    "Your message of ${arrived}\n"
    "could not be delivered yet to the recipients below. THIS IS A WARNING ONLY: you\n"
    "need not send it again. It will be tried until ${retry_until}\n"
    "and you will hear from us if that fails.\n\n"
    "${recipients}\n";
constexpr std::string_view success_body =
    "This is the mail system at ${hostname}.\n\n"
    "You asked for a report: your message was delivered to the recipients below, or\n"
    "relayed to a system that will not report on its own.\n\n"
    "${recipients}\n";
constexpr std::string_view double_bounce_body =
    "This is the mail system at ${hostname}.\n\n"
    "A message without a sender, which is mostly a report like this one, could not be\n"
    "delivered to the recipients below. It is dropped; its header is attached.\n\n"
    "${recipients}\n";

std::string value_of(std::string_view name, const ReportFacts& facts) {
  if (name == "hostname") return std::string(facts.hostname);
  if (name == "sender") return std::string(facts.sender);
  if (name == "postmaster") return "postmaster@" + std::string(facts.hostname);
  if (name == "message") return std::string(facts.message);
  if (name == "arrived") return std::string(facts.arrived);
  if (name == "retry_until") return std::string(facts.retry_until);
  return {};
}

bool is_placeholder(std::string_view name) {
  constexpr std::array<std::string_view, 6> names{"hostname", "sender",  "postmaster",
                                                  "message",  "arrived", "retry_until"};
  return std::ranges::find(names, name) != names.end();
}

std::unexpected<Error> wrong(std::size_t line, const std::string& what) {
  return fail(ErrorKind::invalid, "line " + std::to_string(line) + ": " + what);
}

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

Result<void> check_line(std::string_view line, std::size_t number) {
  if (line.size() > line_octets_max) return wrong(number, "longer than " + std::to_string(line_octets_max) + " octets");
  if (std::ranges::any_of(line, [](char c) { return is_control(c) && c != '\t'; }))
    return wrong(number, "a control character");
  if (line == recipients_line) return {};
  for (std::size_t at = line.find("${"); at != std::string_view::npos; at = line.find("${", at + 2)) {
    const std::size_t end = line.find('}', at);
    const std::string_view name = line.substr(at + 2, end == std::string_view::npos ? end : end - at - 2);
    if (name == "recipients") return wrong(number, "${recipients} stands alone on its line");
    if (end == std::string_view::npos || !is_placeholder(name))
      return wrong(number, "there is no placeholder ${" + printable(name, 40));
  }
  return {};
}

std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail_errno(errno, "open " + path.string());
  std::string octets(file_octets_max + 1, '\0');
  in.read(octets.data(), static_cast<std::streamsize>(octets.size()));
  octets.resize(static_cast<std::size_t>(in.gcount()));
  if (octets.size() > file_octets_max) return fail(ErrorKind::invalid, path.string() + " is longer than 64 KiB");
  return octets;
}

}  // namespace

ReportTexts::ReportTexts()
    : texts{{{"Undelivered Mail Returned to Sender", std::string(failure_body)},
             {"Delayed Mail (still being retried)", std::string(delay_body)},
             {"Successful Mail Delivery Report", std::string(success_body)},
             {"Undelivered Mail without a Sender", std::string(double_bounce_body)}}} {}

Result<ReportText> parse_report_text(std::string_view octets, const ReportText& standard) {
  if (!mail::valid_utf8(octets)) return fail(ErrorKind::invalid, "not UTF-8");
  ReportText text{standard.subject, {}};
  std::size_t number = 0;
  if (istarts_with(octets, "Subject:")) {
    text.subject = trim(take_line(octets).substr(8));
    const bool fine = std::ranges::all_of(text.subject, [](char c) { return c >= ' ' && c <= '~'; });
    if (!fine || text.subject.empty() || text.subject.size() > subject_octets_max)
      return wrong(1, "a subject is 1 to 200 printable ASCII characters");
    if (!take_line(octets).empty()) return wrong(2, "an empty line follows the subject");
    number = 2;
  }
  while (!octets.empty()) {
    const std::string_view line = take_line(octets);
    auto checked = check_line(line, ++number);
    if (!checked) return propagate(checked);
    (text.body += line) += '\n';
  }
  if (text.body.empty()) return fail(ErrorKind::invalid, "there is no text");
  return text;
}

std::string fill_report_text(std::string_view body, const ReportFacts& facts) {
  std::string out;
  while (!body.empty()) {
    std::string_view line = take_line(body);
    if (line == recipients_line) {
      out += facts.recipients;
      continue;
    }
    std::string filled;
    for (std::size_t at = line.find("${"); at != std::string_view::npos; at = line.find("${")) {
      const std::size_t end = line.find('}', at);
      if (end == std::string_view::npos) break;
      (filled += line.substr(0, at)) += value_of(line.substr(at + 2, end - at - 2), facts);
      line.remove_prefix(end + 1);
    }
    filled += line;
    out.append(filled, 0, line_octets_max) += "\r\n";
  }
  return out;
}

Result<ReportTexts> read_report_texts(const std::string& folder) {
  ReportTexts texts;
  if (folder.empty()) return texts;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return fail(ErrorKind::not_found, "[queue] report_templates: " + folder + " is not a folder");
  for (std::size_t i = 0; i < report_kinds; ++i) {
    const auto path = std::filesystem::path(folder) / file_names[i];
    if (!std::filesystem::exists(path, error)) continue;
    auto octets = read_file(path);
    if (!octets) return propagate(octets);
    auto parsed = parse_report_text(*octets, texts.texts[i]);
    if (!parsed) return fail(ErrorKind::invalid, path.string() + ": " + parsed.error().reason);
    texts.texts[i] = std::move(*parsed);
  }
  return texts;
}

}  // namespace ringpost::queue
