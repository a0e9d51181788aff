// One message on its way into one Maildir: written in tmp/, synced, moved to new/, the directory synced; whoever reads
// new/ never sees a part, and after commit() the message survives a power cut. Dropped without commit it leaves
// nothing. Everything blocks: helper threads only.
//
// Source: the Maildir format of qmail (maildir(5)); file names are unique by time, process and a counter.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string>

#include "base/result.h"
#include "io/file_descriptor.h"

namespace ringpost::relay {

class MaildirFile {
 public:
  MaildirFile() noexcept = default;
  MaildirFile(MaildirFile&&) noexcept = default;
  MaildirFile& operator=(MaildirFile&&) noexcept = default;
  ~MaildirFile();

  /// Makes the directory and its tmp/, new/ and cur/ (mode 0700) where they are missing. Errors: as Error::from_errno.
  static Result<MaildirFile> create(const std::string& directory, const std::string& hostname);
  Result<void> write(std::span<const iovec> octets);
  Result<void> commit();

 private:
  io::FileDescriptor file_;
  std::string directory_;  // empty after commit
  std::string name_;
};

}  // namespace ringpost::relay
