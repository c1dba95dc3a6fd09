// SPDX-License-Identifier: MIT
#include "secure/tls.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "base/check.h"

namespace mm::secure {
namespace {

using base::Code;
using base::Status;

constexpr std::string_view kExporterLabel = "EXPORTER-mindmeld-proof-v1";
constexpr long kResumableForS = 60 * 60;

// Of a ticket to resume with, and the record around it.
constexpr size_t kTicketBytesMost = 512;

std::shared_ptr<SSL_CTX> new_context(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), &SSL_CTX_free);
  SSL_CTX* const ctx = context.get();
  MM_CHECK(
      SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
      SSL_CTX_set1_groups_list(ctx, "X25519") == 1 &&
      SSL_CTX_set1_sigalgs_list(ctx, "ed25519") == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_timeout(ctx, kResumableForS);
  return context;
}

Status broken() {
  return base::error(Code::kDataLoss,
                     "what came is not what the other end sent: it was changed on the way, or "
                     "belongs to another connection");
}

}  // namespace

// ---- a session

TlsSession::TlsSession(std::shared_ptr<const void> owner, SSL_CTX* context, bool is_server)
    : owner_(std::move(owner)), ssl_(SSL_new(context), &SSL_free), owes_ticket_(is_server) {
  MM_CHECK(ssl_);
  SSL_set0_rbio(ssl_.get(), wire_.bio());
  SSL_set0_wbio(ssl_.get(), wire_.bio());
  if (is_server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

// OpenSSL would not resume a session that was dropped without an end. Its end is the conduit's.
TlsSession::~TlsSession() {
  if (failure_.ok()) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

Status TlsSession::receive(base::Bytes ciphertext) {
  if (!failure_.ok()) return failure_;
  if (is_ended() && !ciphertext.empty()) return failed();  // nothing may follow its end
  wire_.push_input(std::move(ciphertext));
  if (is_established_) return absl::OkStatus();
  const int result = SSL_do_handshake(ssl_.get());
  is_established_ = result == 1;
  const bool goes_on = is_established_ || SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  return goes_on ? absl::OkStatus() : failed();
}

base::StatusOr<size_t> TlsSession::read(std::span<uint8_t> out) {
  if (!failure_.ok()) return failure_;
  size_t total = 0;
  while (total < out.size()) {
    size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), out.data() + total, out.size() - total, &count);
    total += count;
    if (result == 1) continue;
    const int error = SSL_get_error(ssl_.get(), result);
    ERR_clear_error();
    const bool has_more = wire_.input_bytes() > 0;
    if (error == SSL_ERROR_WANT_READ) break;
    if (error != SSL_ERROR_ZERO_RETURN || has_more) return failed();
    break;
  }
  SSL_free_buffers(ssl_.get());
  return total;
}

bool TlsSession::is_ended() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

// Into memory, so that it takes all; unless the peer has begun what it did not finish (a key update
// in pieces), or broke the session before.
Status TlsSession::write(std::span<const uint8_t> plaintext) {
  if (!failure_.ok()) return failure_;
  size_t written = 0;
  const size_t records = (plaintext.size() + kRecordBytes - 1) / kRecordBytes;
  size_t expected = plaintext.size() + records * kRecordOverheadBytes;
  // The ticket goes with the first bytes, in one frame with them, and not by itself before them.
  if (!plaintext.empty() && std::exchange(owes_ticket_, false) &&
      SSL_new_session_ticket(ssl_.get()) == 1) {
    expected += kTicketBytesMost;
  }
  wire_.expect_output(expected);
  while (!plaintext.empty()) {
    if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) != 1) {
      return failed();
    }
    plaintext = plaintext.subspan(written);
  }
  SSL_free_buffers(ssl_.get());
  return absl::OkStatus();
}

void TlsSession::end() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

size_t TlsSession::output_bytes() const { return wire_.output_bytes(); }

base::Bytes TlsSession::take_output(size_t most_bytes) { return wire_.take_output(most_bytes); }

Digest TlsSession::exporter() const {
  Digest exporter;
  MM_CHECK(SSL_export_keying_material(ssl_.get(), exporter.data(), exporter.size(),
                                      kExporterLabel.data(), kExporterLabel.size(), nullptr, 0,
                                      0) == 1);
  return exporter;
}

bool TlsSession::was_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

Status TlsSession::failed() {
  ERR_clear_error();
  const bool is_wrong_key = SSL_get_verify_result(ssl_.get()) == X509_V_ERR_CERT_REJECTED;
  failure_ = is_wrong_key ? base::error(Code::kUnauthenticated,
                                        "what answers has another key than the share's")
                          : broken();
  return failure_;
}

// ---- the share's side

TlsServer::TlsServer(const Identity& identity) : context_(new_context(TLS_server_method())) {
  SSL_CTX* const ctx = context_.get();
  MM_CHECK(SSL_CTX_use_certificate(ctx, identity.certificate()) == 1 &&
           SSL_CTX_use_PrivateKey(ctx, identity.key()) == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1);           // see TlsSession::write()
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // the other end keeps what is needed
}

std::unique_ptr<TlsSession> TlsServer::open() const {
  return std::unique_ptr<TlsSession>(new TlsSession(context_, context_.get(), true));
}

// ---- connect's side

struct TlsClient::State {
  // A burst of connections finds as many.
  static constexpr size_t kResumableMost = 16;

  using Session = std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)>;

  Fingerprint accepted;
  std::deque<Session> resumable;  // the newest last
  std::shared_ptr<SSL_CTX> context = new_context(TLS_client_method());

  static int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto& state = *static_cast<State*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    state.resumable.emplace_back(session, &SSL_SESSION_free);
    if (state.resumable.size() > kResumableMost) state.resumable.pop_front();
    return 1;  // the session is ours now
  }

  // In place of OpenSSL's own check, which is about names, dates and authorities.
  static int on_certificate(X509_STORE_CTX* store, void* state) {
    const X509* const certificate = X509_STORE_CTX_get0_cert(store);
    const Fingerprint& accepted = static_cast<State*>(state)->accepted;
    Fingerprint shown;
    const bool is_it = fingerprint_of(X509_get0_pubkey(certificate), shown) &&
                       CRYPTO_memcmp(shown.data(), accepted.data(), shown.size()) == 0;
    if (!is_it) X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return is_it ? 1 : 0;
  }
};

TlsClient::TlsClient(const Fingerprint& accepted) : state_(std::make_shared<State>()) {
  state_->accepted = accepted;
  SSL_CTX* const ctx = state_->context.get();
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, &State::on_certificate, state_.get());
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(ctx, &State::on_new_session);
  SSL_CTX_set_app_data(ctx, state_.get());
}

std::unique_ptr<TlsSession> TlsClient::open() {
  std::unique_ptr<TlsSession> session(new TlsSession(state_, state_->context.get(), false));
  if (!state_->resumable.empty()) {
    SSL_set_session(session->ssl_.get(), state_->resumable.back().get());
    state_->resumable.pop_back();  // once: who looks on must not see that two are of one user
  }
  SSL_do_handshake(session->ssl_.get());  // writes the first flight
  ERR_clear_error();
  return session;
}

}  // namespace mm::secure
