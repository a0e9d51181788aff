#include "lookup/http_client.h"

#include <curl/curl.h>

#include <memory>

#include "base/text.h"

namespace ringpost::lookup {

namespace {

struct CloseEasy {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;

struct Body {
  std::string octets;
  std::size_t octets_max;
};

// libcurl's contract: taking less than it gives ends the transfer.
std::size_t take(const char* data, std::size_t, std::size_t size, void* to) {
  auto& body = *static_cast<Body*>(to);
  if (size > body.octets_max - body.octets.size()) return 0;
  body.octets.append(data, size);
  return size;
}

std::string form_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'%', "0123456789ABCDEF"[octet >> 4], "0123456789ABCDEF"[octet & 15]};
    }
  }
  return out;
}

std::string form_body(const HttpRequest& request) {
  std::string body;
  for (const auto& [name, value] : request.form) {
    if (!body.empty()) body += '&';
    body += form_encoded(name) + '=' + form_encoded(value);
  }
  return body;
}

std::string without_query(std::string_view url) {
  return printable(url.substr(0, url.find_first_of("?#")));
}

long milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void set_limits(CURL* easy, const HttpLimits& limits) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(limits.connect_wait));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(limits.total_wait));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);  // other threads run beside this one
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!limits.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, limits.ca_file.c_str());
}

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

/// The header fields of a body of one's own; null: there is none.
List body_fields(const HttpRequest& request) {
  if (request.content_type.empty()) return nullptr;
  return List(curl_slist_append(nullptr, ("Content-Type: " + request.content_type).c_str()));
}

void set_request(CURL* easy, const HttpRequest& request, const std::string& form) {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "ringpost/" RINGPOST_VERSION);
  const std::string& body = request.content_type.empty() ? form : request.body;
  if (!request.form.empty() || !request.content_type.empty()) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  }
  if (!request.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
}

/// "HOST:PORT:ADDRESS,[ADDRESS]", as libcurl takes addresses that somebody else has looked up.
List known_addresses(const HttpRequest& request) {
  if (request.addresses.empty()) return nullptr;
  const bool https = request.url.starts_with("https://");
  const std::size_t from = request.url.find("//") + 2;
  std::string entry = request.url.substr(from, request.url.find('/', from) - from);
  if (!entry.contains(':')) entry += https ? ":443" : ":80";
  char separator = ':';
  for (const std::string& address : request.addresses) {
    entry += separator;
    entry += address.contains(':') ? "[" + address + "]" : address;
    separator = ',';
  }
  return List(curl_slist_append(nullptr, entry.c_str()));
}

bool library_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

}  // namespace

Result<HttpResponse> http_request(const HttpRequest& request, const HttpLimits& limits) {
  const Easy easy(library_ready() ? curl_easy_init() : nullptr);
  if (!easy) return fail(ErrorKind::unavailable, "libcurl does not start");
  const std::string form = form_body(request);
  Body body{{}, limits.body_octets_max};
  set_limits(easy.get(), limits);
  set_request(easy.get(), request, form);
  const List fields = body_fields(request);
  if (fields) curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, fields.get());
  const List addresses = known_addresses(request);
  if (addresses) curl_easy_setopt(easy.get(), CURLOPT_RESOLVE, addresses.get());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_WRITE_ERROR)
    return fail(ErrorKind::unavailable, without_query(request.url) + ": the answer is too long");
  if (code != CURLE_OK) {
    return fail(ErrorKind::unavailable, without_query(request.url) + ": " + curl_easy_strerror(code),
                code == CURLE_PEER_FAILED_VERIFICATION ? bad_server_certificate : PublicStatus{});
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return HttpResponse{static_cast<int>(status), std::move(body.octets)};
}

}  // namespace ringpost::lookup
