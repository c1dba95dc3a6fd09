// SPDX-License-Identifier: MIT
// SealedStream: the local end of a forwarded connection behind end-to-end encryption: what a tunnel
// reads from it and writes to it are TLS records; within is the local stream itself. So the conduit
// carries ciphertext, and what becomes of its lanes never touches the session. Knows no ticket: it
// says and hears proofs (secure/proof.h).
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "net/loop.h"
#include "net/stream.h"
#include "secure/tls.h"

namespace mm::tunnel {

class SealedStream final : public net::Stream {
 public:
  // connect's end. `prove` makes the proof that goes before the first byte, once the session with
  // this exporter is established: the share has shown its key.
  using Prove = std::function<secure::Digest(const secure::Digest& exporter)>;
  SealedStream(net::Loop& loop, std::unique_ptr<secure::TlsSession> session, Prove prove,
               std::unique_ptr<net::Stream> inner);

  // The share's end. `on_proof` is told once what connect's end said, in a later turn of the loop;
  // bytes flow after set_inner().
  using OnProof = std::function<void(const secure::Digest& proof, const secure::Digest& exporter)>;
  SealedStream(net::Loop& loop, std::unique_ptr<secure::TlsSession> session, OnProof on_proof);

  ~SealedStream() override;

  // Require: the share's end, and once.
  void set_inner(std::unique_ptr<net::Stream> inner);

  // Ciphertext. kEnd behind close_notify.
  ReadResult read(size_t most_bytes) override;
  void wait_readable(std::function<void()> handler) override;

  // Takes ciphertext. A byte counts as taken when the inner stream has taken what it says, so that
  // credit and the end are as exact as without encryption. kUnauthenticated, kDataLoss: as
  // TlsSession; the connection is to be reset.
  base::StatusOr<size_t> write(std::span<const base::Bytes> pieces) override;
  void wait_writable(std::function<void()> handler) override;

  void wait_reset(std::function<void()> handler) override;

  // kDataLoss: the peer had not ended the session, so somebody cut it short.
  base::Status shutdown_write() override;
  size_t unacknowledged_bytes() const override;
  std::optional<Moved> moved() const override { return moved_; }
  void reset() override;

 private:
  base::Status receive(std::span<const base::Bytes> pieces);
  base::Status after_handshake();
  base::Status decrypt(size_t received_bytes);
  base::Status flush();
  base::Status take_proof();
  size_t held_back_bytes() const;
  bool has_proof() const { return proof_bytes_ == proof_.size(); }
  void wake_reader();
  void await_reset();

  std::unique_ptr<secure::TlsSession> session_;
  std::unique_ptr<net::Stream> inner_;
  const Prove prove_;       // connect's end
  const OnProof on_proof_;  // the share's end

  Moved moved_;
  bool was_established_ = false;
  bool end_sent_ = false;  // close_notify
  secure::Digest proof_{};
  size_t proof_bytes_ = 0;     // of them that are there
  base::Bytes pending_;        // plaintext that the inner stream has not taken
  size_t received_ahead_ = 0;  // ciphertext that the session has and that is not counted as taken
  std::function<void()> reader_;
  std::function<void()> writer_;  // while there is no inner stream
  std::function<void()> resetter_;
  bool is_reset_awaited_ = false;  // of the inner stream
  bool inner_was_reset_ = false;
  bool is_inner_awaited_ = false;  // to be readable
  net::Timer reader_timer_;
  net::Timer proof_timer_;
  net::Timer writer_timer_;
};

}  // namespace mm::tunnel
