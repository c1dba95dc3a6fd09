// SPDX-License-Identifier: MIT
// TLS 1.3 between the two ends of a connection, memory in and memory out (PROTOCOL.md, "End to
// end"): the share shows its key, connect accepts one key alone. Used by tunnel's SealedStream.
// Knows no ticket, lane or socket. Everything of one context is used on one thread.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/status.h"
#include "secure/bytes_bio.h"
#include "secure/digest.h"
#include "secure/identity.h"

namespace mm::secure {

// What a record adds to its plaintext, at most kRecordBytes: header, content type and tag.
constexpr size_t kRecordBytes = 16 << 10;
constexpr size_t kRecordOverheadBytes = 22;

// One end of one session.
class TlsSession {
 public:
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Takes what the peer sent, in any pieces. kUnauthenticated: the share's key is not the one that
  // connect accepts. kDataLoss: it is not what a peer sends. Both are final, and read() tells them,
  // too, when only the plaintext shows it.
  base::Status receive(base::Bytes ciphertext);

  // Both ends have proved what they can; plaintext can be written.
  bool is_established() const { return is_established_; }

  // Plaintext of the peer's, as much as is there and fits. 0: none now.
  base::StatusOr<size_t> read(std::span<uint8_t> out);

  // The peer has ended its direction in order, and all before it was read.
  bool is_ended() const;

  // Makes records of it. Fails as read() does. Require: is_established(), and end() was not called.
  base::Status write(std::span<const uint8_t> plaintext);

  // Ends this direction in order (close_notify). Require: as for write().
  void end();

  // What is to be sent to the peer.
  size_t output_bytes() const;
  base::Bytes take_output(size_t most_bytes);  // Require: output_bytes() > 0 and most_bytes > 0

  // 32 bytes that both ends of this session know, and nobody else. Require: is_established().
  Digest exporter() const;

  // It needed no certificate: the one before it had shown it.
  bool was_resumed() const;

 private:
  friend class TlsServer;
  friend class TlsClient;

  // `owner` lives as long as the session.
  TlsSession(std::shared_ptr<const void> owner, SSL_CTX* context, bool is_server);
  base::Status failed();

  const std::shared_ptr<const void> owner_;
  BytesBio wire_;
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool is_established_ = false;
  bool owes_ticket_;  // with which the other end resumes
  base::Status failure_;
};

// The share's side: shows one key.
class TlsServer {
 public:
  explicit TlsServer(const Identity& identity);

  std::unique_ptr<TlsSession> open() const;

 private:
  std::shared_ptr<SSL_CTX> context_;
};

// connect's side: accepts one key. Resumes the sessions that it had, each once.
class TlsClient {
 public:
  explicit TlsClient(const Fingerprint& accepted);

  std::unique_ptr<TlsSession> open();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mm::secure
