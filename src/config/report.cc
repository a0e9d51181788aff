#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

#include "base/text.h"
#include "config/configuration.h"
#include "config/section.h"

namespace ringpost::config {

namespace {

/// Insertions, deletions and changes that make `b` of `a`; two letters swapped count as one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                          d[i - 1][j - 1] + (ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]) ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view wrong, const std::vector<std::string>& known) {
  constexpr std::size_t longest_key = 64;
  if (wrong.size() > longest_key) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  for (const std::string& candidate : known)
    if (const std::size_t far = distance(wrong, candidate); far < best_distance) {
      best = candidate;
      best_distance = far;
    }
  return best;
}

std::vector<Problem> Report::take() {
  std::ranges::sort(problems_, [this](const Problem& a, const Problem& b) {
    const bool a_else = a.file != file_;
    const bool b_else = b.file != file_;
    return std::tie(a_else, a.line, a.column, a.message) < std::tie(b_else, b.line, b.column, b.message);
  });
  return std::move(problems_);
}

void report_unknown(const Member& member, const std::string& section, const std::vector<std::string>& known,
                    Report& report) {
  const std::string name = printable(member.name, 64);
  const std::string shown = section.empty() ? name : section + " " + name;
  std::string message = "unknown key " + shown;
  if (const std::string meant = nearest(member.name, known); !meant.empty()) {
    message += "; did you mean " + meant + "?";
  } else {
    for (const KeyDescription& key : describe())
      if (key.key == member.name || key.key.ends_with(" " + member.name)) {
        message += "; did you mean " + key.key + "?";
        break;
      }
  }
  report.add(member, std::move(message));
}

}  // namespace ringpost::config
