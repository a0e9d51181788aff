#include "lookup/http_client.h"

#include <gtest/gtest.h>

#include "support/http_server.h"

namespace ringpost::lookup {
namespace {

using test::HttpServer;

TEST(HttpClient, StatusAndBodyAreHandedOnWhateverTheyAre) {
  HttpServer server({HttpServer::answer("200 OK", "hello"), HttpServer::answer("404 Not Found", "no")});
  const auto first = http_request({.url = server.url("/keys")});
  ASSERT_TRUE(first) << first.error().reason;
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, "hello");
  EXPECT_EQ(http_request({.url = server.url("/keys")})->status, 404);
  EXPECT_TRUE(server.requests().at(0).starts_with("GET /keys HTTP/1.1\r\n"));
}

TEST(HttpClient, FieldsOfAFormAreEscapedAndTheUserIsAuthenticated) {
  HttpServer server({HttpServer::answer("200 OK", "")});
  ASSERT_TRUE(http_request(
      {.url = server.url("/t"), .form = {{"a", "1&b=2"}, {"c", "\xc3\xa4 +"}}, .user = "id", .password = "se:cret"}));
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /t HTTP/1.1\r\n"));
  EXPECT_NE(request.find("Authorization: Basic aWQ6c2U6Y3JldA==\r\n"), std::string::npos);
  EXPECT_NE(request.find("Content-Type: application/x-www-form-urlencoded\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\na=1%26b%3D2&c=%C3%A4%20%2B"));
}

TEST(HttpClient, ABodyOfOnesOwnIsPostedAsItIs) {
  HttpServer server({HttpServer::answer("201 Created", "")});
  const std::string octets("\x1f\x8b\0\r\n=&", 7);
  const auto answer = http_request({.url = server.url("/r"), .body = octets, .content_type = "application/x+gzip"});
  ASSERT_TRUE(answer) << answer.error().reason;
  EXPECT_EQ(answer->status, 201);
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /r HTTP/1.1\r\n"));
  EXPECT_NE(request.find("Content-Type: application/x+gzip\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n" + octets));
}

TEST(HttpClient, AHostWhoseAddressesAreGivenIsNotLookedUp) {
  HttpServer server({HttpServer::answer("200 OK", "hello"), HttpServer::answer("200 OK", "again")});
  std::string url = server.url("/");
  url.replace(url.find("127.0.0.1"), 9, "host.invalid");
  const auto answer = http_request({.url = url, .addresses = {"127.0.0.1"}});
  ASSERT_TRUE(answer) << answer.error().reason;
  EXPECT_EQ(answer->body, "hello");
  // Where one does not answer, the next is tried.
  const auto second = http_request({.url = url, .addresses = {"::1", "127.0.0.1"}});
  ASSERT_TRUE(second) << second.error().reason;
  EXPECT_EQ(second->body, "again");
  EXPECT_FALSE(http_request({.url = url}));
}

TEST(HttpClient, RedirectIsNotFollowed) {
  HttpServer server({HttpServer::answer("302 Found", "", "Location: /elsewhere\r\n")});
  EXPECT_EQ(http_request({.url = server.url("/")})->status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpClient, AnswerBeyondTheLimitIsNotKept) {
  HttpServer server(
      {HttpServer::answer("200 OK", std::string(1001, 'x')), HttpServer::answer("200 OK", std::string(1000, 'x'))});
  const auto longer = http_request({.url = server.url("/?secret=1")}, {.body_octets_max = 1000});
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().kind, ErrorKind::unavailable);
  EXPECT_NE(longer.error().reason.find("too long"), std::string::npos);
  EXPECT_EQ(longer.error().reason.find("secret"), std::string::npos);
  EXPECT_TRUE(http_request({.url = server.url("/")}, {.body_octets_max = 1000}));
}

TEST(HttpClient, OtherSchemesAndUsersInTheUrlAreRefused) {
  for (const char* const url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/", "", "http://",
                                "http://user:password@127.0.0.1:1/"}) {
    const auto response = http_request({.url = url});
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
  }
}

TEST(HttpClient, SilentServerIsGivenUp) {
  HttpServer server({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"});
  EXPECT_EQ(http_request({.url = server.url("/")}).error().kind, ErrorKind::unavailable);
  const int deaf = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(deaf, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(deaf, 1), 0);
  ASSERT_EQ(::getsockname(deaf, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(::ntohs(address.sin_port)) + "/";
  const auto before = monotonic_now();
  EXPECT_EQ(http_request({.url = url}, {.total_wait = std::chrono::milliseconds(200)}).error().kind,
            ErrorKind::unavailable);
  EXPECT_LT(monotonic_now() - before, std::chrono::seconds(5));
  ::close(deaf);
}

}  // namespace
}  // namespace ringpost::lookup
