// One stored message of a sink: a file in its folder, named by a number, with the octets of the message as a mailbox
// would have them (stuffed dots removed). It appears under its name when it is complete and accepted; before, and for
// good if it never is, it does not exist. Written with blocking calls: a sink that stores is for checks of octets, not
// for speed.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace ringpost::bench {

class MessageFile {
 public:
  MessageFile(const std::string& folder, std::uint64_t number);
  /// Removes what was not kept.
  ~MessageFile();
  MessageFile(const MessageFile&) = delete;
  MessageFile& operator=(const MessageFile&) = delete;

  void append(std::string_view octets);
  /// False when some of it could not be written.
  bool finish();
  /// "00000042.eml". After finish().
  bool keep();

 private:
  std::string path_;
  std::string unfinished_path_;
  std::ofstream file_;
  bool kept_ = false;
};

}  // namespace ringpost::bench
