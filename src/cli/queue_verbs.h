// `ringpost queue summary|list|show|body|explain|retry|drop` and `suspend|resume|hold|release|suspensions`, by the
// admin API of the running server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/options.h"

namespace ringpost::cli {

struct QueueArguments {
  std::vector<std::string> ids;
  std::optional<std::string> sender, recipient, destination, route, older_than, state, login;
  std::optional<std::string> time, reason;  // of a mark: how long, and why
  std::optional<std::string> to;            // next hops of a reroute
  std::vector<std::uint64_t> marks;
  bool all = false;
  bool yes = false;  // drop without asking
  bool json = false;
};

int queue_summary(const admin::Options& server, bool json);
int queue_list(const admin::Options& server, const QueueArguments& arguments);
int queue_show(const admin::Options& server, const std::string& id, bool json);
int queue_body(const admin::Options& server, const std::string& id);
int queue_explain(const admin::Options& server, const std::string& id, bool json);
/// What is suspended, held or being dropped.
int queue_suspensions(const admin::Options& server, bool json);
/// `verb` is "retry", "reroute", "drop", "suspend", "resume", "hold" or "release".
int queue_change(const admin::Options& server, const std::string& verb, const QueueArguments& arguments);

/// Prints the reason in one line; returns 1.
int report_failure(const std::string& reason);

}  // namespace ringpost::cli
