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
#include "transport/roots.h"

namespace mm::transport {
namespace {

constexpr std::chrono::seconds kProbeTimeout{3};
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

std::string day_of(const ASN1_TIME* time) {
  tm utc{};
  char text[16];
  if (time == nullptr || ASN1_TIME_to_tm(time, &utc) != 1) return "";
  const size_t bytes = std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return " (on " + std::string(text, bytes) + ")";
}

// X509_V_ERR_… as people need it.
std::string explain(long result, const X509* shown) {
  switch (result) {
    case X509_V_OK:
      return "";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "has expired" + day_of(shown ? X509_get0_notAfter(shown) : nullptr);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "is not valid yet" + day_of(shown ? X509_get0_notBefore(shown) : nullptr) +
             ": is this machine's clock right?";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is its own authority: name the router by the URL that it prints, with a # and its "
             "pin, or that certificate with --ca FILE";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "is of an authority that is not known here: name its CA with --ca FILE";
    default:
      return std::string("is not trusted: ") + X509_verify_cert_error_string(result);
  }
}

}  // namespace

struct TlsProbe::Impl {
  Impl(net::Loop& loop, const config::RouterUrl& router, const std::string& ca_file,
       std::function<void(const TlsAnswer&)> handler)
      : timer(loop), then(std::move(handler)) {
    timer.after(kProbeTimeout, [this] { answer(); });
    if (router.tls) trust(context.get(), ca_file);  // else nothing is asked of the certificate
    session.reset(SSL_new(context.get()));
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
      seen.untrusted = explain(SSL_get_verify_result(session.get()), shown);
    } else {
      // An alert is an answer in TLS; what is none is "wrong version number".
      constexpr int kAlerts =
          1'000;  // SSL_AD_REASON_OFFSET: where OpenSSL's reasons for them begin
      seen.speaks_tls = ERR_GET_REASON(ERR_peek_last_error()) >= kAlerts;
    }
    ERR_clear_error();
    std::exchange(then, nullptr)(seen);  // may destroy us
  }

  net::Timer timer;
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
