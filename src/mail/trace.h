// Header fields we put in front of a message: Received: for every one, Date: and Message-ID: for submissions that lack
// them, Return-Path: at final delivery. Each function returns whole lines with CRLF, folded at 78 columns where a blank
// allows it. What a peer said (HELO) is cut to harmless characters: it can neither end the line nor close the comment.
//
// Standards: RFC 5321 4.4 (trace), RFC 3848 ("with" protocols), RFC 8314 4.3 (the `tls` clause), RFC 5322 2.2.3
// (folding), 3.6.1, 3.6.4; RFC 6409 8.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "mail/envelope.h"

namespace ringpost::mail {

/// How the message came, as far as the trace tells; empty: not told.
struct Channel {
  std::string_view tls_version;  // "TLSv1.3"
  std::string_view tls_cipher;   // "TLS_AES_128_GCM_SHA256"
  std::string_view login;
};

/// "Received: from HELO ([ADDRESS]) (TLSv1.3) by HOSTNAME (authenticated as LOGIN) with PROTOCOL id ID for <RCPT> tls
/// CIPHER; DATE". `for` only with exactly one recipient, so that nobody learns of others. Origin without a client
/// address (what we made ourselves) has no `from`.
std::string received_field(const Envelope& envelope, std::string_view hostname, const MessageId& id,
                           const Channel& channel = {});

std::string date_field(WallTime time);
std::string message_id_field(const MessageId& id, std::string_view hostname);
/// "Return-Path: <local@domain>"; "<>" for the null reverse-path.
std::string return_path_field(const Address& reverse_path);

}  // namespace ringpost::mail
