// Envelope, BodyFacts and DeliveryStatus as octets, for the records of the queue. Each value starts with a version
// octet; a version we do not know is an error, not a guess. Decoding is bounds-checked: the octets come from a disk.
// Every value is self-delimiting, so several may follow one another. No string in them is above 64 KiB: whoever fills
// them in bounds them (a longer one would not decode).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "mail/address.h"
#include "mail/delivery_status.h"
#include "mail/envelope.h"
#include "mail/octet_coder.h"

namespace ringpost::mail {

void encode(Encoder& out, const Address& address);
void encode(Encoder& out, const Recipient& recipient);
void encode(Encoder& out, const Envelope& envelope);
void encode(Encoder& out, const BodyFacts& facts);
void encode(Encoder& out, const DeliveryStatus& status);

// Into a Decoder's stream, as part of a larger record: on failure the Decoder has failed and the value means nothing.
void decode(Decoder& in, Address& address);
void decode(Decoder& in, Recipient& recipient);
void decode(Decoder& in, Envelope& envelope);
void decode(Decoder& in, BodyFacts& facts);
void decode(Decoder& in, DeliveryStatus& status);

// Alone. What is decoded is cut off the front of `in`; on error (corrupt) `in` stays.
void encode(std::string& out, const Envelope& envelope);
void encode(std::string& out, const BodyFacts& facts);
void encode(std::string& out, const DeliveryStatus& status);
Result<Envelope> decode_envelope(std::string_view& in);
Result<BodyFacts> decode_body_facts(std::string_view& in);
Result<DeliveryStatus> decode_delivery_status(std::string_view& in);

}  // namespace ringpost::mail
