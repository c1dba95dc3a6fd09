// SPDX-License-Identifier: MIT
#include "transport/tls_probe.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <utility>

#include "base/address.h"
#include "net/dial.h"
#include "transport/pinned_tls.h"
#include "transport/roots.h"

namespace mm::transport {
namespace {

constexpr std::chrono::seconds kProbeTimeout{3};
constexpr std::array<unsigned char, 3> kHttp2 = {2, 'h', '2'};  // as ALPN has it (RFC 7301)
constexpr size_t kReadBytesMost = 16 << 10;
constexpr size_t kAnswerBytesMost = 256 << 10;  // a handshake has some KiB

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

// It would fail where gRPC did, or show what it failed on.
void trust(SSL_CTX* context, const std::string& ca_file) {
  const auto roots = ca_file.empty() ? system_roots() : read_certificates(ca_file);
  if (!roots.ok()) return;
  BIO* const pem = BIO_new_mem_buf(roots->data(), static_cast<int>(roots->size()));
  while (X509* const root = PEM_read_bio_X509(pem, nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root);
    X509_free(root);
  }
  BIO_free(pem);
  ERR_clear_error();
}

// In its certificate there must be the name or the address by which the router is dialled.
void expect_name(SSL* session, const std::string& host) {
  X509_VERIFY_PARAM* const expected = SSL_get0_param(session);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1) return;
  X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size());
}

std::string day_of(const ASN1_TIME* time) {
  tm utc{};
  char text[16];
  if (ASN1_TIME_to_tm(time, &utc) != 1) return "";
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d", &utc));
}

// X509_V_ERR_… as people need it.
void explain(long result, const X509* shown, TlsAnswer& answer) {
  switch (result) {
    case X509_V_OK:
      return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      answer.untrusted = "has expired (on " + day_of(X509_get0_notAfter(shown)) + ")";
      answer.remedy = "it has to be renewed; or is this machine's clock wrong?";
      return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      answer.untrusted = "is not valid yet (on " + day_of(X509_get0_notBefore(shown)) + ")";
      answer.remedy = "is this machine's clock right?";
      return;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      answer.untrusted = "is for another name than the one by which it is dialled";
      answer.remedy = "name the router as its certificate does";
      return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      answer.untrusted = "is its own authority";
      answer.remedy =
          "name the router by the URL that it prints, with a # and its pin, or that certificate "
          "with --ca FILE";
      return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      answer.untrusted = "is of an authority that is not known here";
      answer.remedy = "name its CA with --ca FILE";
      return;
    default:
      answer.untrusted = "is not trusted";
      answer.remedy = X509_verify_cert_error_string(result);
  }
}

void compare(const config::Pin& pin, const X509* shown, TlsAnswer& answer) {
  if (pin_of(shown) == pin) return;
  answer.untrusted = "has another key than its pin";
  answer.remedy =
      "the router got a new one, or somebody is in between: ask for its URL, or for a new ticket";
}

}  // namespace

struct TlsProbe::Impl {
  Impl(net::Loop& loop, const config::RouterUrl& router, const std::string& ca_file,
       std::function<void(const TlsAnswer&)> handler)
      : timer(loop), pin(router.pin), then(std::move(handler)) {
    timer.after(kProbeTimeout, [this] { answer(); });
    const bool is_by_name = router.tls && !pin;  // else nothing is asked of the certificate
    if (is_by_name) trust(context.get(), ca_file);
    session.reset(SSL_new(context.get()));
    if (is_by_name) expect_name(session.get(), router.host);
    SSL_set_alpn_protos(session.get(), kHttp2.data(), kHttp2.size());
    SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(session.get());
    SSL_set_tlsext_host_name(session.get(), router.host.c_str());
    dial.emplace(loop, base::Address::tcp(router.host, router.port), kProbeTimeout,
                 [this](base::StatusOr<std::unique_ptr<net::Socket>> dialled) {
                   if (!dialled.ok()) return answer();
                   socket = *std::move(dialled);
                   step();
                 });
  }

  void step() {
    for (;;) {
      const int result = SSL_do_handshake(session.get());
      const int error = SSL_get_error(session.get(), result);
      if (!send() || result == 1 || error != SSL_ERROR_WANT_READ) return answer();
      auto read = socket->read(kReadBytesMost);
      using Kind = net::Stream::ReadResult::Kind;
      if (read.kind == Kind::kWouldBlock) return socket->wait_readable([this] { step(); });
      if (read.kind != Kind::kBytes || (heard_bytes += read.bytes.size()) > kAnswerBytesMost) {
        return answer();
      }
      const std::string_view text = read.bytes.text();
      BIO_write(SSL_get_rbio(session.get()), text.data(), static_cast<int>(text.size()));
    }
  }

  // What it says fits in a socket that was just opened.
  bool send() {
    char* data = nullptr;
    BIO* const output = SSL_get_wbio(session.get());
    const long size = BIO_get_mem_data(output, &data);
    if (size <= 0) return true;
    const std::array<base::Bytes, 1> pieces = {
        base::Bytes::copy_of(std::string_view(data, static_cast<size_t>(size)))};
    BIO_reset(output);
    const auto written = socket->write(pieces);
    return written.ok() && *written == static_cast<size_t>(size);
  }

  void answer() {
    TlsAnswer seen;
    if (X509* const shown = session ? SSL_get0_peer_certificate(session.get()) : nullptr) {
      seen.speaks_tls = true;
      seen.until = day_of(X509_get0_notAfter(shown));
      if (pin) {
        compare(*pin, shown, seen);
      } else {
        explain(SSL_get_verify_result(session.get()), shown, seen);
      }
      const unsigned char* chosen = nullptr;
      unsigned chosen_bytes = 0;
      SSL_get0_alpn_selected(session.get(), &chosen, &chosen_bytes);
      seen.lacks_http2 = chosen_bytes == 0;
    } else {
      // An alert is an answer in TLS; what is none is "wrong version number".
      constexpr int kAlerts =
          1'000;  // SSL_AD_REASON_OFFSET: where OpenSSL's reasons for them begin
      const int reason = ERR_GET_REASON(ERR_peek_last_error());
      seen.speaks_tls = reason >= kAlerts;
      seen.lacks_http2 = reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
    }
    ERR_clear_error();
    std::exchange(then, nullptr)(seen);  // may destroy us
  }

  net::Timer timer;
  const std::optional<config::Pin> pin;
  std::function<void(const TlsAnswer&)> then;
  // Whatever the certificate is the handshake goes on, and what is wrong with it is kept.
  const Context context{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  Session session{nullptr, &SSL_free};
  std::optional<net::Dial> dial;
  std::unique_ptr<net::Socket> socket;
  size_t heard_bytes = 0;
};

TlsProbe::TlsProbe(net::Loop& loop, const config::RouterUrl& router, const std::string& ca_file,
                   std::function<void(const TlsAnswer&)> then)
    : impl_(std::make_unique<Impl>(loop, router, ca_file, std::move(then))) {}

TlsProbe::~TlsProbe() = default;

}  // namespace mm::transport
