#include "tls/tickets.h"

#include <algorithm>

#include "base/assert.h"
#include "base/random.h"
#include "tls/channel.h"

namespace ringpost::tls {

namespace {

constexpr int ticket_life_seconds = 3600;
// The library leaves 16 octets for a nonce and 32 for a tag, in this order; ours are shorter.
static_assert(TicketKeys::name_octets == WOLFSSL_TICKET_NAME_SZ);
static_assert(TicketKeys::nonce_octets <= WOLFSSL_TICKET_IV_SZ && TicketKeys::tag_octets <= WOLFSSL_TICKET_MAC_SZ);

int seal_ticket(TicketKeys& keys, const Channel& channel, std::span<std::uint8_t> ticket, unsigned char* name,
                unsigned char* nonce, unsigned char* tag) {
  auto seal = keys.seal(ticket, channel.server_name(), monotonic_now());
  if (!seal) return WOLFSSL_TICKET_RET_REJECT;
  if (channel.peer_has_certificate()) {
    random_octets(std::as_writable_bytes(std::span(seal->name)));
    random_octets(std::as_writable_bytes(ticket));
  }
  std::ranges::copy(seal->name, name);
  std::fill_n(nonce, WOLFSSL_TICKET_IV_SZ, 0);
  std::ranges::copy(seal->nonce, nonce);
  std::fill_n(tag, WOLFSSL_TICKET_MAC_SZ, 0);
  std::ranges::copy(seal->tag, tag);
  return WOLFSSL_TICKET_RET_OK;
}

int on_ticket(WOLFSSL* ssl, unsigned char* name, unsigned char* nonce, unsigned char* tag, int sealing,
              unsigned char* ticket, int size, int* result_size, void* context) {
  auto& keys = *static_cast<TicketKeys*>(context);
  const auto& channel = *static_cast<const Channel*>(wolfSSL_GetIOReadCtx(ssl));
  const std::span<std::uint8_t> octets(ticket, static_cast<std::size_t>(std::max(size, 0)));
  *result_size = size;
  if (sealing != 0) return seal_ticket(keys, channel, octets, name, nonce, tag);
  if (channel.psk_without_key_exchange()) return WOLFSSL_TICKET_RET_REJECT;
  TicketKeys::Seal seal{};
  std::copy_n(name, seal.name.size(), seal.name.begin());
  std::copy_n(nonce, seal.nonce.size(), seal.nonce.begin());
  std::copy_n(tag, seal.tag.size(), seal.tag.begin());
  switch (keys.open(octets, seal, channel.server_name(), monotonic_now())) {
    case TicketKeys::Opened::yes:
      return WOLFSSL_TICKET_RET_OK;
    case TicketKeys::Opened::yes_renew:
      return WOLFSSL_TICKET_RET_CREATE;
    case TicketKeys::Opened::no:
      break;
  }
  return WOLFSSL_TICKET_RET_REJECT;
}

}  // namespace

void use_tickets(WOLFSSL_CTX* context, TicketKeys& keys) {
  RINGPOST_ASSERT(wolfSSL_CTX_set_TicketEncCb(context, on_ticket) == WOLFSSL_SUCCESS);
  RINGPOST_ASSERT(wolfSSL_CTX_set_TicketEncCtx(context, &keys) == WOLFSSL_SUCCESS);
  RINGPOST_ASSERT(wolfSSL_CTX_set_TicketHint(context, ticket_life_seconds) == WOLFSSL_SUCCESS);
  wolfSSL_CTX_set_timeout(context, ticket_life_seconds);
}

}  // namespace ringpost::tls
