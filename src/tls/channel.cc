#include "tls/channel.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.h"
#include "tls/certificate_problem.h"
#include "tls/hello.h"

namespace ringpost::tls {

namespace {

constexpr std::size_t record_header_size = 5;
// A handshake with the longest chains of certificates has a tenth of this.
constexpr std::uint64_t handshake_octets_max = 256 * 1024;

io::Block* new_block(std::size_t octets) {
  void* memory = ::operator new(sizeof(io::Block) + octets);
  auto* block = new (memory) io::Block;
  block->data = static_cast<char*>(memory) + sizeof(io::Block);
  block->release = [](io::Block& dead) noexcept { ::operator delete(static_cast<void*>(&dead)); };
  return block;
}

}  // namespace

Channel::Channel(std::shared_ptr<const ServerCredentials> server) : server_(std::move(server)) {}

Channel::Channel(ClientCredentials& client, ClientWish wish) : client_(&client), wish_(std::move(wish)) {}

Channel::~Channel() = default;

void Channel::feed(io::Slice octets) {
  if (octets.empty()) return;
  total_fed_ += octets.size();
  if (!done_ && hello_.size() < hello_octets_max && !hello_done_) hello_ += octets.view();
  fed_.push_back(std::move(octets));
}

int Channel::on_receive(WOLFSSL*, char* buffer, int size, void* context) {
  return static_cast<Channel*>(context)->take(buffer, size);
}

int Channel::on_send(WOLFSSL*, char* buffer, int size, void* context) {
  static_cast<Channel*>(context)->output_.append(buffer, static_cast<std::size_t>(size));
  return size;
}

int Channel::take(char* buffer, int size) noexcept {
  std::size_t taken = 0;
  const auto wanted = static_cast<std::size_t>(std::max(size, 0));
  std::size_t used = 0;  // slices
  while (taken < wanted && used < fed_.size()) {
    io::Slice& first = fed_[used];
    const std::size_t count = std::min(wanted - taken, first.size());
    std::memcpy(buffer + taken, first.data(), count);
    taken += count;
    first.remove_prefix(count);
    if (first.empty()) ++used;
  }
  fed_.erase(fed_.begin(), fed_.begin() + static_cast<std::ptrdiff_t>(used));
  if (taken == 0) return WOLFSSL_CBIO_ERR_WANT_READ;
  follow_record({buffer, taken});
  return static_cast<int>(taken);
}

void Channel::follow_record(std::string_view octets) noexcept {
  while (!octets.empty()) {
    if (record_left_ > 0) {
      const std::size_t body = std::min<std::size_t>(record_left_, octets.size());
      record_left_ -= static_cast<std::uint32_t>(body);
      octets.remove_prefix(body);
      if (record_left_ == 0) record_header_octets_ = 0;
      continue;
    }
    record_header_[record_header_octets_++] = static_cast<std::uint8_t>(octets[0]);
    octets.remove_prefix(1);
    if (record_header_octets_ < record_header_size) continue;
    record_octets_ = record_left_ = static_cast<std::uint32_t>(record_header_[3] << 8 | record_header_[4]);
    if (record_left_ == 0) record_header_octets_ = 0;
  }
}

std::size_t Channel::fed_octets() const noexcept {
  std::size_t sum = 0;
  for (const io::Slice& each : fed_) sum += each.size();
  return sum;
}

bool Channel::has_pending() const noexcept {
  if (!done_ || ended_) return false;
  if (broken_ || wolfSSL_pending(ssl_.get()) > 0) return true;
  const std::size_t held = fed_octets();
  if (record_left_ > 0) return held >= record_left_;
  // Between records, or inside a header: is the next one whole?
  std::uint8_t header[record_header_size];
  std::size_t known = record_header_octets_;
  std::copy_n(record_header_, known, header);
  for (const io::Slice& each : fed_) {
    for (std::size_t i = 0; i < each.size() && known < record_header_size; ++i) {
      header[known++] = static_cast<std::uint8_t>(each.data()[i]);
    }
  }
  if (known < record_header_size) return false;
  const std::size_t body = static_cast<std::size_t>(header[3] << 8 | header[4]);
  return held >= record_header_size - record_header_octets_ + body;
}

Result<io::Slice> Channel::decrypt() {
  RINGPOST_ASSERT(done_);
  if (ended_) return io::Slice();
  if (broken_) return fail(ErrorKind::invalid, failure_);
  // No more plain octets can come out than encrypted ones are here and in the library.
  const std::size_t fresh = fed_octets() + static_cast<std::size_t>(std::max(0, wolfSSL_pending(ssl_.get())));
  if (fresh == 0) return io::Slice();
  const std::size_t room = fresh + record_octets_ - record_left_;
  io::Block* const block = new_block(room);
  io::Slice holder(*block, {block->data, 0});
  std::size_t got = 0;
  while (got < room) {
    const int count = wolfSSL_read(ssl_.get(), block->data + got, static_cast<int>(room - got));
    if (count > 0) {
      got += static_cast<std::size_t>(count);
      continue;
    }
    const int error = wolfSSL_get_error(ssl_.get(), count);
    if (error == WOLFSSL_ERROR_WANT_READ) break;
    if (error == WOLFSSL_ERROR_ZERO_RETURN) {
      ended_ = true;
      break;
    }
    Error why = failure(error);
    if (got == 0) return std::unexpected(std::move(why));
    break;
  }
  return got == 0 ? io::Slice() : io::Slice(*block, {block->data, got});
}

Result<void> Channel::encrypt(std::string_view plain) {
  RINGPOST_ASSERT(done_);
  if (broken_ || notified_) return fail(ErrorKind::closed, "the TLS connection has ended");
  while (!plain.empty()) {
    const std::size_t piece = std::min(plain.size(), record_octets_max);
    const int written = wolfSSL_write(ssl_.get(), plain.data(), static_cast<int>(piece));
    if (written <= 0) {
      return std::unexpected(failure(wolfSSL_get_error(ssl_.get(), written)));
    }
    plain.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

void Channel::close_notify() {
  if (!done_ || broken_ || notified_) return;
  notified_ = true;
  static_cast<void>(wolfSSL_shutdown(ssl_.get()));
}

Result<Channel::Progress> Channel::handshake() {
  RINGPOST_ASSERT(!done_);
  if (!ssl_ && client_ != nullptr) begin_client();
  if (!hello_done_) {
    auto seen = look_at_hello();
    if (!seen) return propagate(seen);
    if (!*seen && server_) return Progress::wants_octets;
  }
  const int result = server_ ? wolfSSL_accept(ssl_.get()) : wolfSSL_connect(ssl_.get());
  if (result == WOLFSSL_SUCCESS) {
    if (auto finished = finish(); !finished) return propagate(finished);
    return Progress::done;
  }
  const int error = wolfSSL_get_error(ssl_.get(), result);
  if (error != WOLFSSL_ERROR_WANT_READ) {
    return std::unexpected(failure(error));
  }
  if (total_fed_ > handshake_octets_max) return fail(ErrorKind::refused, "TLS handshake failed: it is too long");
  return Progress::wants_octets;
}

/// True once the first message is there, and with it the session of a server.
Result<bool> Channel::look_at_hello() {
  const Hello hello = parse_hello(hello_);
  if (hello.state == Hello::State::not_tls) {
    return fail(ErrorKind::refused, "not TLS: " + std::string(describe_not_tls(hello_)));
  }
  if (hello.state == Hello::State::incomplete) return false;
  hello_done_ = true;
  hello_ = {};
  extended_master_secret_ = hello.extended_master_secret;
  psk_without_key_exchange_ = hello.psk_without_key_exchange;
  if (server_) {
    info_.sni = hello.server_name;
    begin_server(server_->choose(hello.server_name));
  }
  return true;
}

Error Channel::failure(int error) {
  WOLFSSL_ALERT_HISTORY alerts{};
  const bool known = ssl_ && wolfSSL_get_alert_history(ssl_.get(), &alerts) == WOLFSSL_SUCCESS;
  std::string reason = done_ ? "TLS failed: " : "TLS handshake failed: ";
  if (known && alerts.last_rx.level == alert_fatal) {
    reason += "the peer sent the alert " + std::string(wolf::alert_name(alerts.last_rx.code));
  } else if (judged_ && !info_.peer_problem.empty() && !done_ && client_ != nullptr && wish_.must_verify()) {
    reason += std::string(problem::not_accepted) + info_.peer_problem;
  } else {
    reason += wolf::error_text(error);
  }
  broken_ = true;
  failure_ = reason;
  // Perhaps it is the session that the server does not like; the next connection does without.
  if (offered_) client_->sessions.forget(wish_.session_key);
  return Error(done_ ? ErrorKind::invalid : ErrorKind::refused, std::move(reason));
}

}  // namespace ringpost::tls
