#include "bench/message_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace ringpost::bench {

MessageFile::MessageFile(const std::string& folder, std::uint64_t number)
    : path_(fmt::format("{}/{:08}.eml", folder, number)),
      unfinished_path_(path_ + ".part"),
      file_(unfinished_path_, std::ios::binary | std::ios::trunc) {}

MessageFile::~MessageFile() {
  if (!kept_) static_cast<void>(::unlink(unfinished_path_.c_str()));
}

void MessageFile::append(std::string_view octets) {
  file_.write(octets.data(), static_cast<std::streamsize>(octets.size()));
}

bool MessageFile::finish() {
  file_.close();
  return static_cast<bool>(file_);
}

bool MessageFile::keep() {
  kept_ = std::rename(unfinished_path_.c_str(), path_.c_str()) == 0;
  return kept_;
}

}  // namespace ringpost::bench
