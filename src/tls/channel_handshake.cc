// Channel: how a session begins, what is made of the peer's certificate, and what is known when the handshake is done.
#include <array>
#include <cstring>

#include "base/assert.h"
#include "base/text.h"
#include "tls/certificate_problem.h"
#include "tls/channel.h"

namespace ringpost::tls {

namespace {

constexpr std::size_t chain_max = 10;
constexpr std::string_view exporter_label = "EXPORTER-Channel-Binding";  // RFC 9266 4.1
constexpr std::size_t exporter_octets = 32;
constexpr std::size_t finished_octets = 12;  // TLS 1.2
constexpr std::size_t emails_max = 20;

}  // namespace

void Channel::begin(wolf::Ssl ssl) {
  RINGPOST_ASSERT(ssl != nullptr);
  ssl_ = std::move(ssl);
  wolfSSL_SSLSetIORecv(ssl_.get(), on_receive);
  wolfSSL_SSLSetIOSend(ssl_.get(), on_send);
  wolfSSL_SetIOReadCtx(ssl_.get(), this);
  wolfSSL_SetIOWriteCtx(ssl_.get(), this);
  wolfSSL_SetCertCbCtx(ssl_.get(), this);
  wolfSSL_KeepArrays(ssl_.get());  // until learn_binding() has what it needs
}

void Channel::begin_server(const ServerCertificate& certificate) {
  begin(wolf::Ssl(wolfSSL_new(certificate.context.get())));
  if (!server_->asks_for_certificate) {
    wolfSSL_set_verify(ssl_.get(), WOLFSSL_VERIFY_NONE, nullptr);
    return;
  }
  // Authorities of its own, empty and thrown away with the session: trust.h says why.
  wolf::Store store(wolfSSL_X509_STORE_new());
  RINGPOST_ASSERT(store != nullptr);
  RINGPOST_ASSERT(wolfSSL_set0_verify_cert_store(ssl_.get(), store.release()) == WOLFSSL_SUCCESS);
  wolfSSL_set_verify(ssl_.get(), WOLFSSL_VERIFY_PEER, on_certificate);
}

void Channel::begin_client() {
  begin(wolf::Ssl(wolfSSL_new(client_->context.get())));
  wolfSSL_set_verify(ssl_.get(), WOLFSSL_VERIFY_NONE, on_certificate);
  wolfSSL_set_SessionTicket_cb(ssl_.get(), on_ticket, this);
  info_.sni = wish_.server_name;
  if (!wish_.server_name.empty() && !is_address(wish_.server_name)) {
    std::string name = wish_.server_name;
    if (name.ends_with('.')) name.pop_back();
    wolfSSL_UseSNI(ssl_.get(), WOLFSSL_SNI_HOST_NAME, name.data(), static_cast<word16>(name.size()));
  }
  if (const auto* entry = client_->sessions.find(wish_); entry != nullptr) {
    if (wolfSSL_set_session(ssl_.get(), entry->session.get()) != WOLFSSL_SUCCESS) {
      client_->sessions.forget(wish_.session_key);  // too old
    } else {
      offered_ = std::make_unique<ConnectionInfo>(entry->info);
    }
  }
}

int Channel::on_certificate(int, WOLFSSL_X509_STORE_CTX* store) {
  if (store->error_depth != 0) return 1;  // the leaf comes last, and with it the whole chain
  std::array<std::string_view, chain_max> chain;
  std::size_t count = 0;
  for (int i = 0; i < store->totalCerts && count < chain_max; ++i) {
    chain[count++] = {reinterpret_cast<const char*>(store->certs[i].buffer), store->certs[i].length};
  }
  return static_cast<Channel*>(store->userCtx)->judge(std::span(chain).first(count)) ? 1 : 0;
}

/// Fills in what is known about the peer; false: the handshake shall fail.
bool Channel::judge(std::span<const std::string_view> chain) {
  judged_ = true;
  if (chain.empty()) return client_ == nullptr;
  const auto facts = read_certificate(chain.front());
  if (facts) {
    info_.peer_subject = facts->subject;
    info_.peer_common_name = facts->common_name;
    info_.peer_dns_names = facts->dns_names;
    info_.peer_emails = facts->emails;
    if (info_.peer_emails.size() > emails_max) info_.peer_emails.resize(emails_max);
  }
  info_.peer_fingerprint = certificate_fingerprint(chain.front());
  if (client_ != nullptr && !wish_.dane.empty()) {
    DaneVerdict verdict = judge_dane(chain, wish_.dane);
    info_.peer_problem = std::move(verdict.problem);
    info_.peer_proof = std::move(verdict.proof);
  } else if (client_ != nullptr) {
    info_.peer_problem = client_->trust.problem_of(chain, TrustStore::Purpose::server);
    if (info_.peer_problem.empty() && !wish_.server_name.empty() && !stands_for(*facts, wish_.server_name)) {
      info_.peer_problem = std::string(problem::other_name) + printable(wish_.server_name, 100);
    }
    if (info_.peer_problem.empty() && wish_.server_name.empty()) info_.peer_problem = "no name to verify was given";
  } else if (server_->client_trust) {
    info_.peer_problem = server_->client_trust->problem_of(chain, TrustStore::Purpose::client);
  } else {
    info_.peer_problem = "no authorities are configured";
  }
  info_.peer_verified = info_.peer_problem.empty();
  if (info_.peer_verified && info_.peer_proof.empty()) info_.peer_proof = "pkix";
  if (client_ == nullptr || !wish_.must_verify() || info_.peer_verified) return true;
  wolfSSL_set_verify(ssl_.get(), WOLFSSL_VERIFY_PEER, on_certificate);  // so that the peer hears of it
  return false;
}

void Channel::learn_binding() {
  WOLFSSL* const ssl = ssl_.get();
  if (is_tls_13_) {
    binding_.resize(exporter_octets);
    if (wolfSSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(binding_.data()), exporter_octets,
                                       exporter_label.data(), exporter_label.size(), nullptr, 0,
                                       0) != WOLFSSL_SUCCESS) {
      binding_.clear();
    }
    return;
  }
#ifdef WOLFSSL_HAVE_TLS_UNIQUE
  // RFC 5929 3.1: the first Finished message, the client's unless the session is resumed. Without an extended master
  // secret another connection can be made to have the same one (RFC 7627 1).
  if (!extended_master_secret_) return;
  binding_.resize(finished_octets);
  const bool ours_is_first = (client_ != nullptr) != info_.resumed;
  const std::size_t octets = ours_is_first ? wolfSSL_get_finished(ssl, binding_.data(), binding_.size())
                                           : wolfSSL_get_peer_finished(ssl, binding_.data(), binding_.size());
  if (octets != finished_octets) binding_.clear();
#endif
}

Result<void> Channel::finish() {
  WOLFSSL* const ssl = ssl_.get();
  info_.version = wolfSSL_get_version(ssl);
  is_tls_13_ = wolfSSL_version(ssl) == TLS1_3_VERSION;
  const int suite = wolfSSL_get_current_cipher_suite(ssl);
  const char* cipher = wolfSSL_get_cipher_name_iana_from_suite(static_cast<unsigned char>(suite >> 8),
                                                               static_cast<unsigned char>(suite));
  info_.cipher = cipher == nullptr ? "unknown" : cipher;
  info_.resumed = wolfSSL_session_reused(ssl) == 1;
  if (client_ != nullptr && info_.resumed) {
    if (!offered_) return fail(ErrorKind::refused, "TLS handshake failed: a session was resumed that is not ours");
    ConnectionInfo now = std::move(info_);
    info_ = std::move(*offered_);
    info_.version = std::move(now.version);
    info_.cipher = std::move(now.cipher);
    info_.resumed = true;
  }
  if (client_ != nullptr && wish_.must_verify() && !info_.peer_verified) {
    broken_ = true;
    return fail(ErrorKind::refused, "TLS handshake failed: the peer has shown no certificate");
  }
  offered_.reset();
  learn_binding();
  wolfSSL_FreeArrays(ssl);
  done_ = true;
  if (fed_.empty()) fed_.shrink_to_fit();
  return {};
}

int Channel::on_ticket(WOLFSSL* /*ssl*/, const unsigned char* /*ticket*/, int /*octets*/, void* context) {
  static_cast<Channel*>(context)->has_ticket_ = true;
  return 0;
}

void Channel::keep_session() {
  if (client_ == nullptr || !done_ || broken_ || wish_.session_key.empty()) return;
  if (is_tls_13_ && !has_ticket_) return;
  wolf::Session session(wolfSSL_get1_session(ssl_.get()));
  if (session) client_->sessions.keep(wish_, std::move(session), info_);
}

}  // namespace ringpost::tls
