#include "admin/client.h"

#include <httplib.h>

#include <fstream>

#include "base/text.h"

namespace ringpost::admin {

namespace {

// The scanning answers of a long queue take their time.
constexpr time_t read_timeout_seconds = 120;

Result<std::unique_ptr<httplib::Client>> connect(const Options& server) {
  auto client = std::make_unique<httplib::Client>("http://" + server.address);
  client->set_read_timeout(read_timeout_seconds);
  if (!server.token_file.empty()) {
    std::ifstream file(server.token_file);
    std::string token;
    std::getline(file, token);
    if (trim(token).empty()) return fail(ErrorKind::not_found, "no token in " + server.token_file);
    client->set_bearer_token_auth(std::string(trim(token)).c_str());
  }
  return client;
}

Result<Answer> answer_of(const Options& server, const httplib::Result& result) {
  if (!result) {
    return fail(ErrorKind::unavailable, "no answer from the admin address " + server.address +
                                            " (is ringpost running with this configuration?)");
  }
  return Answer{result->status, result->body};
}

}  // namespace

Result<Answer> get(const Options& server, const std::string& path) {
  auto client = connect(server);
  if (!client) return propagate(client);
  return answer_of(server, (*client)->Get(path.c_str()));
}

Result<Answer> post(const Options& server, const std::string& path, const std::string& json) {
  auto client = connect(server);
  if (!client) return propagate(client);
  return answer_of(server, (*client)->Post(path.c_str(), json, "application/json"));
}

Result<Answer> get_streaming(const Options& server, const std::string& path,
                             const std::function<bool(std::string_view)>& write) {
  auto client = connect(server);
  if (!client) return propagate(client);
  int status = 0;
  std::string error_body;
  const auto result = (*client)->Get(
      path.c_str(),
      [&status](const httplib::Response& response) {
        status = response.status;
        return true;
      },
      [&](const char* data, std::size_t octets) {
        if (status == 200) return write(std::string_view(data, octets));
        error_body.append(data, octets);
        return error_body.size() < 65'536;
      });
  auto answer = answer_of(server, result);
  if (answer) answer->body = std::move(error_body);
  return answer;
}

std::string url_encoded(std::string_view text) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += hex[octet >> 4];
      out += hex[octet & 15];
    }
  }
  return out;
}

}  // namespace ringpost::admin
