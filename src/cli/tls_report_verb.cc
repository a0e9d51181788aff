#include "cli/tls_report_verb.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "base/text.h"
#include "cli/queue_verbs.h"

namespace ringpost::cli {

using nlohmann::json;

int tls_report(const admin::Options& server, const TlsReportArguments& arguments) {
  const std::string domain = to_lower(arguments.domain);
  const std::string path = "/api/v1/tls-report";
  const json order{{"day", arguments.day}, {"domain", domain}};
  const std::string query = "?day=" + admin::url_encoded(arguments.day) + "&domain=" + admin::url_encoded(domain);
  const auto answer =
      arguments.send ? admin::post(server, path + "/send", order.dump(-1, ' ', false, json::error_handler_t::replace))
                     : admin::get(server, path + query);
  if (!answer) return report_failure(answer.error().reason);
  if (answer->status != (arguments.send ? 202 : 200)) {
    const json body = json::parse(answer->body, nullptr, false);
    const bool explained = body.is_object() && body.contains("error") && body["error"].is_string();
    return report_failure(explained ? body["error"].get<std::string>() : fmt::format("HTTP status {}", answer->status));
  }
  fmt::print("{}", arguments.send ? "reports are being sent\n" : answer->body);
  return 0;
}

}  // namespace ringpost::cli
