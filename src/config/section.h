// A table of the configuration file as rows, one row a key: its name, what it may be, what it is for, and where in the
// module's Options it goes. Private to config.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/problem.h"
#include "config/value_type.h"

namespace ringpost::config {

/// What is collected while a configuration is read.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}
  void add(unsigned line, unsigned column, std::string message) {
    problems_.push_back({file_, line, column, std::move(message)});
  }
  void add(const Node& at, std::string message) {
    at.variable.empty() ? add(at.line, at.column, std::move(message)) : add_variable(at.variable, message);
  }
  void add(const Member& at, std::string message) {
    at.value.variable.empty() ? add(at.line, at.column, std::move(message)) : add_variable(at.value.variable, message);
  }
  void add_variable(const std::string& variable, const std::string& message) {
    problems_.push_back({"environment", 0, 0, variable + ": " + message});
  }
  bool empty() const noexcept { return problems_.empty(); }
  const std::string& file() const noexcept { return file_; }
  /// In the order of the file; those of the environment behind them.
  std::vector<Problem> take();

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

template <class T>
struct Row {
  std::string name;  // "max_age"; "retry.first" is `first` in the table `retry`
  std::string type;
  std::string description;
  std::string standard;  // shown as default; empty: what a T made by default prints
  std::function<void(const Node&, T&, const std::string& shown, Report&)> read;
  std::function<std::string(const T&)> print;
  Form form = Form::text;
};

/// `place` finds the value in T.
template <class T, class V>
Row<T> row(std::string name, std::function<V&(T&)> place, ValueType<V> type, std::string description,
           std::string standard = "") {
  Row<T> out{std::move(name), type.name, std::move(description), std::move(standard), {}, {}, Form::text};
  out.read = [place, type](const Node& node, T& into, const std::string& shown, Report& report) {
    auto value = type.read(node);
    if (value) {
      place(into) = std::move(*value);
      return;
    }
    std::string message = shown + ": expected " + type.expected;
    if (!value.error().empty()) {
      message += ": " + value.error();
    } else if (node.kind == Node::Kind::string) {
      message += ", not " + toml_quoted(node.text.substr(0, 100));
    } else if (node.kind == Node::Kind::integer) {
      message += ", not " + std::to_string(node.integer);
    } else {
      message += ", not " + std::string(node.kind_name());
    }
    report.add(node, std::move(message));
  };
  out.form = type.form;
  out.print = [place, type](const T& from) { return type.print(place(const_cast<T&>(from))); };
  return out;
}

template <class T, class V>
Row<T> row(std::string name, V T::* member, ValueType<V> type, std::string description, std::string standard = "") {
  return row<T, V>(
      std::move(name), [member](T& object) -> V& { return object.*member; }, std::move(type), std::move(description),
      std::move(standard));
}

template <class T>
struct Section {
  std::string name;       // "queue"; empty: the top of the file
  bool repeated = false;  // [[name]]
  std::string description;
  std::vector<Row<T>> rows;

  std::string title() const { return name.empty() ? "" : repeated ? "[[" + name + "]]" : "[" + name + "]"; }
};

/// The one of `known` that `wrong` is a slip of, without regard to its case; empty: none.
std::string nearest(std::string_view wrong, const std::vector<std::string>& known);

/// Complains about a key nobody knows, with the nearest of `known` or the table where it does exist.
void report_unknown(const Member& member, const std::string& section, const std::vector<std::string>& known,
                    Report& report);

/// Reads the members of `table` whose rows begin with `prefix`; `also_known` are members that others read.
template <class T>
void read_section(const Section<T>& section, const Node& table, T& into, Report& report,
                  const std::vector<std::string>& also_known = {}, const std::string& prefix = "") {
  std::vector<std::string> known = also_known;
  for (const Row<T>& candidate : section.rows)
    if (candidate.name.starts_with(prefix)) {
      const std::string_view rest = std::string_view(candidate.name).substr(prefix.size());
      known.emplace_back(rest.substr(0, rest.find('.')));
    }
  for (const Member& member : table.members) {
    const std::string full = prefix + member.name;
    const std::string shown = section.name.empty() ? full : section.title() + " " + full;
    bool found = std::ranges::find(also_known, member.name) != also_known.end();
    for (const Row<T>& candidate : section.rows) {
      if (candidate.name == full) {
        candidate.read(member.value, into, shown, report);
        found = true;
      } else if (candidate.name.starts_with(full + ".")) {
        found = true;
        if (member.value.kind == Node::Kind::table) {
          read_section(section, member.value, into, report, {}, full + ".");
        } else {
          report.add(member.value, shown + ": expected a table, not " + std::string(member.value.kind_name()));
        }
        break;
      }
    }
    if (!found)
      report_unknown(member, section.title() + (prefix.empty() ? "" : " " + prefix.substr(0, prefix.size() - 1)), known,
                     report);
  }
}

}  // namespace ringpost::config
