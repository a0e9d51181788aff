// A thread that looks every few seconds whether certificates or accounts have changed, until it is destroyed.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/services.h"

namespace ringpost::app {

class Renewal {
 public:
  explicit Renewal(Services& services);
  ~Renewal();
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

 private:
  void run();

  Services& services_;
  std::mutex mutex_;  // protects ending_
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace ringpost::app
