#include "tls/ticket_keys.h"

#include "base/random.h"
#include "tls/wolf.h"

namespace ringpost::tls {

namespace {

template <std::size_t octets>
void make_random(std::array<std::uint8_t, octets>& out) noexcept {
  random_octets(std::as_writable_bytes(std::span(out)));
}

void wipe(std::span<std::uint8_t> secret) noexcept {
  volatile std::uint8_t* octet = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) octet[i] = 0;
}

class Cipher {
 public:
  explicit Cipher(std::span<const std::uint8_t, 32> secret) noexcept {
    usable_ = wc_AesInit(&aes_, nullptr, INVALID_DEVID) == 0 &&
              wc_AesGcmSetKey(&aes_, secret.data(), static_cast<word32>(secret.size())) == 0;
  }
  ~Cipher() {
    wc_AesFree(&aes_);
    wipe({reinterpret_cast<std::uint8_t*>(&aes_), sizeof aes_});
  }
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;

  bool encrypt(std::span<std::uint8_t> text, TicketKeys::Seal& seal, std::string_view bound_to) noexcept {
    return usable_ && wc_AesGcmEncrypt(&aes_, text.data(), text.data(), size(text), seal.nonce.data(), size(seal.nonce),
                                       seal.tag.data(), size(seal.tag), wolf::bytes(bound_to), size(bound_to)) == 0;
  }
  bool decrypt(std::span<std::uint8_t> text, const TicketKeys::Seal& seal, std::string_view bound_to) noexcept {
    return usable_ && wc_AesGcmDecrypt(&aes_, text.data(), text.data(), size(text), seal.nonce.data(), size(seal.nonce),
                                       seal.tag.data(), size(seal.tag), wolf::bytes(bound_to), size(bound_to)) == 0;
  }

 private:
  static word32 size(const auto& octets) noexcept { return static_cast<word32>(octets.size()); }

  Aes aes_{};
  bool usable_ = false;
};

}  // namespace

TicketKeys::TicketKeys(MonotonicTime now) {
  make_random(current_.name);
  make_random(current_.secret);
  current_.born = now;
}

TicketKeys::~TicketKeys() {
  wipe(current_.secret);
  wipe(previous_.secret);
}

void TicketKeys::rotate_if_due(MonotonicTime now) {
  if (has_previous_ && now - previous_.born >= 2 * sealing_time) {
    wipe(previous_.secret);
    has_previous_ = false;
  }
  if (now - current_.born < sealing_time) return;
  has_previous_ = now - current_.born < 2 * sealing_time;
  previous_ = current_;
  if (!has_previous_) wipe(previous_.secret);
  make_random(current_.name);
  make_random(current_.secret);
  current_.born = now;
}

std::optional<TicketKeys::Seal> TicketKeys::seal(std::span<std::uint8_t> ticket, std::string_view bound_to,
                                                 MonotonicTime now) {
  Key key;
  {
    const std::lock_guard lock(mutex_);
    rotate_if_due(now);
    key = current_;
  }
  Seal seal{.name = key.name, .nonce = {}, .tag = {}};
  make_random(seal.nonce);
  const bool sealed = Cipher(key.secret).encrypt(ticket, seal, bound_to);
  wipe(key.secret);
  if (!sealed) return std::nullopt;
  return seal;
}

TicketKeys::Opened TicketKeys::open(std::span<std::uint8_t> ticket, const Seal& seal, std::string_view bound_to,
                                    MonotonicTime now) {
  Key key;
  bool is_previous = false;
  {
    const std::lock_guard lock(mutex_);
    rotate_if_due(now);
    is_previous = has_previous_ && seal.name == previous_.name;
    if (!is_previous && seal.name != current_.name) return Opened::no;
    key = is_previous ? previous_ : current_;
  }
  const bool opened = Cipher(key.secret).decrypt(ticket, seal, bound_to);
  wipe(key.secret);
  if (!opened) return Opened::no;
  return is_previous ? Opened::yes_renew : Opened::yes;
}

}  // namespace ringpost::tls
