#include "relay/maildir_delivery.h"

#include <cerrno>
#include <memory>
#include <optional>

#include "mail/trace.h"
#include "relay/maildir_file.h"
#include "relay/maildir_path.h"

namespace ringpost::relay {

using io::Task;

namespace {

constexpr std::size_t piece_octets = 256 * 1024;
constexpr std::string_view remote = "maildir";

struct Writing {
  std::uint32_t recipient = 0;
  std::string directory;
  std::string header;  // Return-Path and Delivered-To
  std::optional<MaildirFile> file;
  std::optional<Error> error;
};

iovec vector_of(std::string_view octets) noexcept {
  return {const_cast<char*>(octets.data()), octets.size()};
}

// One piece into one file; on a helper thread.
Result<void> write_piece(Writing& writing, std::string_view prefix, std::string_view piece, bool last,
                         const std::string& hostname) {
  Result<void> written;
  if (!writing.file) {
    auto created = MaildirFile::create(writing.directory, hostname);
    if (!created) return propagate(created);
    writing.file.emplace(std::move(*created));
    const iovec vectors[] = {vector_of(writing.header), vector_of(prefix), vector_of(piece)};
    written = writing.file->write(vectors);
  } else {
    const iovec vector = vector_of(piece);
    written = writing.file->write(std::span(&vector, 1));
  }
  if (written && last) written = writing.file->commit();
  return written;
}

void write_to_all(std::vector<Writing>& all, std::string_view prefix, std::string_view piece, bool last,
                  const std::string& hostname) {
  for (Writing& writing : all) {
    if (writing.error) continue;
    auto written = write_piece(writing, prefix, piece, last, hostname);
    if (written) continue;
    writing.error = std::move(written.error());
    writing.file.reset();
  }
}

mail::DeliveryStatus status_of(const Writing& writing) {
  if (!writing.error)
    return in_our_words(writing.recipient, {250, {2, 0, 0}}, "written to " + writing.directory, remote);
  PublicStatus status{451, {4, 3, 0}};
  if (writing.error->os_error == ENOSPC) status = {452, {4, 3, 1}};
  if (writing.error->os_error == EDQUOT) status = {452, {4, 2, 2}};
  return in_our_words(writing.recipient, status, writing.error->reason, remote);
}

std::vector<Writing> open_writings(std::string_view path_template, const Work& work) {
  const std::string return_path = mail::return_path_field(work.reverse_path());
  std::vector<Writing> all;
  for (const std::uint32_t index : work.recipients()) {
    const mail::Address& address = work.recipient(index).address;
    Writing writing;
    writing.recipient = index;
    writing.directory = maildir_path(path_template, address);
    writing.header = return_path + "Delivered-To: " + address.text() + "\r\n";
    all.push_back(std::move(writing));
  }
  return all;
}

}  // namespace

Task<Statuses> MaildirDelivery::deliver(std::string path_template, Work& work) {
  std::vector<Writing> all = open_writings(path_template, work);
  const std::string_view prefix = work.message().prefix;
  std::uint64_t left = work.message().facts.octets;
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_octets));
  const auto buffer = std::make_unique_for_overwrite<char[]>(room);
  const auto body = work.body();
  std::optional<Error> failure;
  do {
    std::size_t octets = 0;
    if (left > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, room));
      auto read = co_await body->read(std::span<char>(buffer.get(), wanted));
      if (read && *read == 0) read = fail(ErrorKind::corrupt, "the body is shorter than it should be");
      if (!read) {
        failure = std::move(read.error());
        break;
      }
      octets = *read;
    }
    left -= octets;
    const bool last = left == 0;
    if (last) {
      // As with SMTP: that the log cannot be written is no reason to keep the message.
      auto begun = co_await work.begun();
      static_cast<void>(begun);
    }
    const std::string_view piece(buffer.get(), octets);
    auto job = [&all, prefix, piece, last, this] {
      write_to_all(all, prefix, piece, last, hostname_);
      return true;
    };
    auto ran = co_await helpers_.run(std::move(job));
    if (!ran) failure = std::move(ran.error());
  } while (left > 0 && !failure);
  Statuses statuses;
  for (const Writing& writing : all) {
    statuses.push_back(failure ? from_error(writing.recipient, *failure, {4, 3, 0}, remote) : status_of(writing));
  }
  co_return std::move(statuses);
}

}  // namespace ringpost::relay
