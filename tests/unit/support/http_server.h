// An HTTP server of one test: answers each connection with what was scripted for it, in order, and keeps the requests.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"

namespace ringpost::test {

class HttpServer {
 public:
  /// The whole of each answer, status line first. When they are used up, connections are closed without one.
  explicit HttpServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ::ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static std::string answer(const std::string& status, const std::string& body, const std::string& fields = {}) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields +
           "Connection: close\r\n\r\n" + body;
  }

 private:
  static bool complete(const std::string& request) {
    const auto end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const auto field = request.find("Content-Length: ");
    if (field == std::string::npos || field > end) return true;
    const auto digits = std::string_view(request).substr(field + 16, request.find('\r', field) - field - 16);
    return request.size() >= end + 4 + parse_unsigned(digits).value_or(0);
  }

  void serve() {
    for (std::size_t count = 0;; ++count) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      std::string request;
      char octets[4096];
      for (ssize_t got = 1; got > 0 && !complete(request);) {
        got = ::recv(peer, octets, sizeof octets, 0);
        if (got > 0) request.append(octets, static_cast<std::size_t>(got));
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
      }
      const std::string answer = count < answers_.size() ? answers_[count] : "";
      for (std::size_t sent = 0; sent < answer.size();) {
        const auto n = ::send(peer, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
      ::close(peer);
    }
  }

  std::vector<std::string> answers_;
  std::vector<std::string> requests_;  // under mutex_
  mutable std::mutex mutex_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace ringpost::test
