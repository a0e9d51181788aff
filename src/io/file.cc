#include "io/file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <coroutine>
#include <memory>
#include <vector>

#include "io/ring.h"

namespace ringpost::io {

namespace {

constexpr std::size_t vectors_per_write_max = 1024;  // UIO_MAXIOV

// Writes and an optional sync as one chain; resumes when the last of them has completed.
class WriteChain final : private Runnable {
 public:
  WriteChain(Reactor& reactor, int fd, std::span<const iovec> octets, std::uint64_t offset, Sync sync)
      : reactor_(reactor) {
    const std::uint64_t begin = offset;
    for (; !octets.empty(); octets = octets.subspan(std::min(octets.size(), vectors_per_write_max))) {
      const auto part = octets.first(std::min(octets.size(), vectors_per_write_max));
      std::uint64_t length = 0;
      for (const iovec& vector : part) length += vector.iov_len;
      requests_.push_back({.opcode = IORING_OP_WRITEV,
                           .fd = fd,
                           .address = part.data(),
                           .offset = offset,
                           .length = static_cast<std::uint32_t>(part.size()),
                           .flags = sync == Sync::written ? static_cast<std::uint32_t>(RWF_DSYNC) : 0});
      parts_.emplace_back(*this, static_cast<std::int64_t>(length));
      offset += length;
    }
    if (sync == Sync::begun) {
      requests_.push_back({.opcode = IORING_OP_SYNC_FILE_RANGE,
                           .fd = fd,
                           .offset = begin,
                           .length = static_cast<std::uint32_t>(offset - begin),
                           .flags = SYNC_FILE_RANGE_WRITE});
      parts_.emplace_back(*this, 0);
    }
    if (sync == Sync::data) {
      requests_.push_back({.opcode = IORING_OP_FSYNC, .fd = fd, .flags = IORING_FSYNC_DATASYNC});
      parts_.emplace_back(*this, 0);
    }
  }

  bool await_ready() const noexcept { return requests_.empty(); }
  void await_suspend(std::coroutine_handle<> awaiting) {
    waiting_ = awaiting;
    outstanding_ = requests_.size();
    std::vector<Operation*> operations;
    operations.reserve(parts_.size());
    for (Part& part : parts_) operations.push_back(&part);
    reactor_.submit_linked(requests_.data(), operations.data(), operations.size());
  }
  int await_resume() const noexcept { return error_; }

 private:
  struct Part final : Operation {
    Part(WriteChain& owner, std::int64_t octets) noexcept : chain(&owner), expected(octets) {}
    void complete(int result, std::uint32_t) noexcept override { chain->finished(*this, result); }
    WriteChain* chain;
    std::int64_t expected;
  };

  void finished(const Part& part, int result) noexcept {
    // The first failure is the cause; what is linked behind it only says -ECANCELED. A short write breaks the chain
    // too.
    if (result < 0 && (error_ == 0 || error_ == -ECANCELED)) error_ = result;
    if (result >= 0 && result != part.expected && error_ == 0) error_ = -EIO;
    if (--outstanding_ == 0) reactor_.make_ready(*this);
  }
  void run() noexcept override { waiting_.resume(); }

  Reactor& reactor_;
  std::vector<Request> requests_;
  std::vector<Part> parts_;
  std::size_t outstanding_ = 0;
  int error_ = 0;
  std::coroutine_handle<> waiting_;
};

}  // namespace

Result<FileDescriptor> open_file(const std::string& path, int flags, unsigned mode) {
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!file.valid()) return fail_errno(errno, "open " + path);
  return file;
}

Task<Result<void>> write_file(Reactor& reactor, int fd, std::span<const iovec> octets, std::uint64_t offset,
                              Sync sync) {
  WriteChain chain(reactor, fd, octets, offset, sync);
  const int error = co_await chain;
  if (error != 0) co_return fail_errno(-error, "write");
  co_return Result<void>{};
}

Task<Result<void>> sync_file(Reactor& reactor, int fd) {
  const int result = co_await Submission(reactor, {.opcode = IORING_OP_FSYNC, .fd = fd, .flags = IORING_FSYNC_DATASYNC},
                                         Deadline::never(), Cancel::never());
  if (result < 0) co_return fail_errno(-result, "fdatasync");
  co_return Result<void>{};
}

Task<> drop_cached_file(Reactor& reactor, int fd) {
  (void)co_await Submission(reactor, {.opcode = IORING_OP_FADVISE, .fd = fd, .flags = POSIX_FADV_DONTNEED},
                            Deadline::never(), Cancel::never());
}

Task<Result<std::size_t>> read_file(Reactor& reactor, int fd, std::span<char> into, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < into.size()) {
    const int result = co_await Submission(reactor,
                                           {.opcode = IORING_OP_READ,
                                            .fd = fd,
                                            .address = into.data() + done,
                                            .offset = offset + done,
                                            .length = static_cast<std::uint32_t>(into.size() - done)},
                                           Deadline::never(), Cancel::never());
    if (result < 0) co_return fail_errno(-result, "read");
    if (result == 0) break;
    done += static_cast<std::size_t>(result);
  }
  co_return done;
}

}  // namespace ringpost::io
