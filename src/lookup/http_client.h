// One HTTP request and its answer, for key sets, token endpoints, introspection, MTA-STS policies and reports. It
// waits for the network, so it is called on helper threads only. Bounded in everything: time, size of the answer, no
// redirect is followed (an issuer whose answer sends us elsewhere would choose whom we believe), no other scheme than
// http and https, and the server's certificate is verified.
//
// Any thread. Standards: RFC 9110 (HTTP), 7617 (basic authentication), 1866 8.2.1 (form fields).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ringpost::lookup {

struct HttpRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> form{};  // not empty: POST with these fields, else GET
  std::string user{}, password{};                           // basic authentication; empty: none
  std::vector<std::string> addresses{};                     // of the URL's host; empty: the system is asked for them
  std::string body{}, content_type{};                       // not empty: POST with this body, instead of a form
};

struct HttpResponse {
  int status = 0;
  std::string body;
};

struct HttpLimits {
  Duration connect_wait = std::chrono::seconds(5);
  Duration total_wait = std::chrono::seconds(10);
  std::size_t body_octets_max = 1024 * 1024;
  std::string ca_file{};  // empty: the system's store
};

/// Of an Error: the server's certificate was not good for it.
inline constexpr PublicStatus bad_server_certificate{451, {4, 7, 5}};

/// Whatever the status is. Errors: unavailable (no answer, or one beyond the limits; the reason names the URL without
/// its query, and none of what was sent; the status is bad_server_certificate where it was that).
Result<HttpResponse> http_request(const HttpRequest& request, const HttpLimits& limits = {});

/// http_request, or what a test puts in its place.
using HttpFunction = std::function<Result<HttpResponse>(const HttpRequest&)>;

}  // namespace ringpost::lookup
