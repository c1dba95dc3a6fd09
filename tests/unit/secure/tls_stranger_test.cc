// SPDX-License-Identifier: MIT
// What the two ends say of TLS to an OpenSSL that is not set up as ours is (PROTOCOL.md, "End to
// end").
#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "secure/tls.h"

using namespace mm;

namespace {

using SetUp = int (*)(SSL_CTX*);

// Either end, over memory.
class Stranger {
 public:
  Stranger(const SSL_METHOD* method, SetUp set_up)
      : context_(SSL_CTX_new(method), &SSL_CTX_free), ssl_(nullptr, &SSL_free) {
    REQUIRE(set_up(context_.get()) == 1);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  SSL_CTX* context() const { return context_.get(); }
  SSL* ssl() const { return ssl_.get(); }

  // Takes what the other end said, and says what it has to.
  std::string exchange(std::string_view said) {
    BIO_write(SSL_get_rbio(ssl_.get()), said.data(), static_cast<int>(said.size()));
    SSL_do_handshake(ssl_.get());
    std::string text(1 << 16, '\0');
    const int size = BIO_read(SSL_get_wbio(ssl_.get()), text.data(), 1 << 16);
    text.resize(static_cast<size_t>(std::max(size, 0)));
    return text;
  }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

secure::Identity some_identity() {
  std::array<uint8_t, 32> seed{};
  return secure::Identity::from_seed(seed);
}

// Does a share come to terms with it?
bool is_answered(SetUp set_up) {
  const secure::TlsServer server(some_identity());
  const auto session = server.open();
  Stranger stranger(TLS_client_method(), set_up);
  SSL_set_connect_state(stranger.ssl());
  std::string said = stranger.exchange("");
  for (int round = 0; round < 4 && !said.empty(); ++round) {
    if (!session->receive(base::Bytes::copy_of(said)).ok()) return false;
    said = session->output_bytes() == 0 ? ""
                                        : stranger.exchange(session->take_output(SIZE_MAX).text());
  }
  return session->is_established();
}

struct Hello {
  std::string ciphers;
  std::string versions;
  std::string groups;
  bool has_early_data = false;
};

std::string extension(SSL* ssl, unsigned type) {
  const unsigned char* data = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) return "";
  return {reinterpret_cast<const char*>(data), size};
}

int take_hello(SSL* ssl, int*, void* hello) {
  auto& taken = *static_cast<Hello*>(hello);
  const unsigned char* ciphers = nullptr;
  const size_t size = SSL_client_hello_get0_ciphers(ssl, &ciphers);
  taken.ciphers.assign(reinterpret_cast<const char*>(ciphers), size);
  taken.versions = extension(ssl, TLSEXT_TYPE_supported_versions);
  taken.groups = extension(ssl, TLSEXT_TYPE_supported_groups);
  taken.has_early_data = !extension(ssl, TLSEXT_TYPE_early_data).empty();
  return SSL_CLIENT_HELLO_ERROR;
}

}  // namespace

TEST_CASE("tls: a share comes to terms with TLS 1.3, X25519, Ed25519, and short keys, alone") {
  struct {
    const char* what;
    SetUp set_up;
    bool is_answered;
  } rows[] = {
      {"as OpenSSL is", [](SSL_CTX*) { return 1; }, true},
      {"TLS 1.2",
       [](SSL_CTX* ctx) { return int(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION)); }, false},
      {"AES-128-GCM",
       [](SSL_CTX* ctx) { return SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"); }, true},
      {"ChaCha20",
       [](SSL_CTX* ctx) { return SSL_CTX_set_ciphersuites(ctx, "TLS_CHACHA20_POLY1305_SHA256"); },
       true},
      {"AES-256-GCM",
       [](SSL_CTX* ctx) { return SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384"); }, false},
      {"P-256", [](SSL_CTX* ctx) { return int(SSL_CTX_set1_groups_list(ctx, "P-256")); }, false},
      {"ECDSA", [](SSL_CTX* ctx) { return int(SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256")); },
       false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(is_answered(row.set_up) == row.is_answered);
  }
}

TEST_CASE("tls: a connect offers TLS 1.3, X25519 and short keys alone, and sends nothing early") {
  secure::TlsClient client(some_identity().fingerprint());
  const auto session = client.open();
  REQUIRE(session->receive({}).ok());  // begins
  Hello hello;
  Stranger stranger(TLS_server_method(), [](SSL_CTX*) { return 1; });
  SSL_CTX_set_client_hello_cb(stranger.context(), take_hello, &hello);
  SSL_set_accept_state(stranger.ssl());
  stranger.exchange(session->take_output(SIZE_MAX).text());
  // The last is none: it says that there is no renegotiation (RFC 5746).
  CHECK(hello.ciphers == std::string("\x13\x01\x13\x03\0\xff", 6));
  CHECK(hello.versions == std::string("\x02\x03\x04"));
  CHECK(hello.groups == std::string("\0\x02\0\x1d", 4));
  CHECK(!hello.has_early_data);
}
