// SPDX-License-Identifier: MIT
#include "tunnel/sealed_stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace mm::tunnel {
namespace {

using base::Bytes;
using base::Status;

// Decrypted at a time: enough for few system calls, little enough to hold for a slow reader.
constexpr size_t kBatchBytes = 64 << 10;

// How much plaintext becomes no more than `most_bytes` of records; at least 1.
size_t plaintext_for(size_t most_bytes) {
  constexpr size_t kWhole = secure::kRecordBytes + secure::kRecordOverheadBytes;
  const size_t records = (most_bytes + kWhole - 1) / kWhole;
  const size_t overhead = records * secure::kRecordOverheadBytes;
  return most_bytes > overhead ? most_bytes - overhead : 1;
}

}  // namespace

SealedStream::SealedStream(net::Loop& loop, std::unique_ptr<secure::TlsSession> session,
                           Prove prove, std::unique_ptr<net::Stream> inner)
    : session_(std::move(session)),
      inner_(std::move(inner)),
      prove_(std::move(prove)),
      proof_bytes_(proof_.size()),  // none is expected
      reader_timer_(loop),
      proof_timer_(loop),
      writer_timer_(loop) {}

SealedStream::SealedStream(net::Loop& loop, std::unique_ptr<secure::TlsSession> session,
                           OnProof on_proof)
    : session_(std::move(session)),
      on_proof_(std::move(on_proof)),
      reader_timer_(loop),
      proof_timer_(loop),
      writer_timer_(loop) {}

SealedStream::~SealedStream() = default;

void SealedStream::set_inner(std::unique_ptr<net::Stream> inner) {
  MM_CHECK(!inner_ && has_proof());
  inner_ = std::move(inner);
  if (resetter_) await_reset();
  if (writer_) writer_timer_.after({}, std::exchange(writer_, nullptr));
  wake_reader();
}

// ---- local stream to peer

net::Stream::ReadResult SealedStream::read(size_t most_bytes) {
  using Kind = ReadResult::Kind;
  if (inner_was_reset_ && !was_established_) return {.kind = Kind::kReset};
  // What the session says of itself, as the last of its handshake, takes along what is there.
  const size_t own_bytes = session_->output_bytes();
  bool is_inner_done = own_bytes < most_bytes;
  if (own_bytes < most_bytes && was_established_ && inner_ && !end_sent_) {
    ReadResult inner = inner_->read(plaintext_for(most_bytes - own_bytes));
    if (inner.kind == Kind::kBytes) {
      is_inner_done = inner.is_all;
      moved_.read_bytes += inner.bytes.size();
      const Status status = session_->write(inner.bytes.span());
      if (!status.ok()) return {.kind = Kind::kReset, .status = status};
    } else if (inner.kind == Kind::kEnd) {
      is_inner_done = false;  // the end is still to be told
      session_->end();
      end_sent_ = true;
    } else if (own_bytes == 0) {
      return inner;
    } else {
      is_inner_done = inner.kind == Kind::kWouldBlock;
    }
  }
  if (session_->output_bytes() == 0) return {.kind = end_sent_ ? Kind::kEnd : Kind::kWouldBlock};
  Bytes records = session_->take_output(most_bytes);
  const bool is_all = is_inner_done && session_->output_bytes() == 0;
  return {.kind = Kind::kBytes, .bytes = std::move(records), .is_all = is_all};
}

void SealedStream::wait_readable(std::function<void()> handler) {
  MM_CHECK(!reader_);
  reader_ = std::move(handler);
  if (session_->output_bytes() > 0 || end_sent_) return wake_reader();
  if (!was_established_ && inner_) await_reset();  // nobody reads it, so nobody would see it go
  if (!was_established_ || !inner_ || std::exchange(is_inner_awaited_, true)) return;
  inner_->wait_readable([this] {
    is_inner_awaited_ = false;
    if (reader_) std::exchange(reader_, nullptr)();
  });
}

// In a later turn: what the tunnel is in the midst of comes before.
void SealedStream::wake_reader() {
  if (!reader_) return;
  reader_timer_.after({}, [this] {
    if (reader_) std::exchange(reader_, nullptr)();
  });
}

// ---- peer to local stream

base::StatusOr<size_t> SealedStream::write(std::span<const Bytes> pieces) {
  if (Status status = flush(); !status.ok()) return status;
  if (pending_.empty()) {
    const size_t before = received_ahead_;
    if (Status status = receive(pieces); !status.ok()) return status;
    if (Status status = decrypt(received_ahead_ - before); !status.ok()) return status;
    if (Status status = flush(); !status.ok()) return status;
  }
  if (session_->output_bytes() > 0) wake_reader();
  const size_t offered = std::exchange(received_ahead_, held_back_bytes());
  return offered - received_ahead_;
}

// Gives the session what it does not have yet, a batch at most.
Status SealedStream::receive(std::span<const Bytes> pieces) {
  size_t skip = received_ahead_;
  size_t room = kBatchBytes;
  for (const Bytes& piece : pieces) {
    const size_t from = std::min(skip, piece.size());
    skip -= from;
    const size_t count = std::min(room, piece.size() - from);
    if (count == 0) continue;
    if (Status status = session_->receive(piece.slice(from, count)); !status.ok()) {
      return status;
    }
    received_ahead_ += count;
    room -= count;
    if (Status status = after_handshake(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Status SealedStream::after_handshake() {
  if (!session_->is_established() || std::exchange(was_established_, true)) {
    return absl::OkStatus();
  }
  wake_reader();
  if (!prove_) return absl::OkStatus();
  return session_->write(prove_(session_->exporter()));
}

// All that is there: what was received now, and the rest of a record that had begun before.
Status SealedStream::decrypt(size_t received_bytes) {
  if (!was_established_) return absl::OkStatus();
  if (Status status = take_proof(); !status.ok()) return status;
  if (!has_proof()) return absl::OkStatus();
  const size_t room = received_bytes + secure::kRecordBytes;
  const std::shared_ptr<uint8_t[]> memory(new uint8_t[room]);
  const base::StatusOr<size_t> count = session_->read({memory.get(), room});
  if (!count.ok()) return count.status();
  if (*count > 0) pending_ = Bytes(memory, {memory.get(), *count}, room);
  return absl::OkStatus();
}

Status SealedStream::take_proof() {
  if (has_proof()) return absl::OkStatus();
  const base::StatusOr<size_t> count = session_->read(std::span(proof_).subspan(proof_bytes_));
  if (!count.ok()) return count.status();
  proof_bytes_ += *count;
  if (!has_proof()) return absl::OkStatus();
  proof_timer_.after({}, [on_proof = on_proof_, proof = proof_, exporter = session_->exporter()] {
    on_proof(proof, exporter);  // may destroy this stream
  });
  return absl::OkStatus();
}

Status SealedStream::flush() {
  while (inner_ && !pending_.empty()) {
    const base::StatusOr<size_t> taken = inner_->write({&pending_, 1});
    if (!taken.ok()) return taken.status();
    if (*taken == 0) break;
    moved_.written_bytes += *taken;
    pending_.remove_prefix(*taken);
  }
  if (pending_.empty()) pending_ = Bytes();
  return absl::OkStatus();
}

// As much as the inner stream has not taken, as far as it is not counted as taken already: of a
// record that came in parts, the last part alone is held back. Without an inner stream one byte is,
// or the tunnel would take the peer's end for delivered.
size_t SealedStream::held_back_bytes() const {
  const size_t least = was_established_ && has_proof() && !inner_ ? 1 : 0;
  return std::min(std::max(pending_.size(), least), received_ahead_);
}

void SealedStream::wait_writable(std::function<void()> handler) {
  if (inner_) return inner_->wait_writable(std::move(handler));
  writer_ = std::move(handler);
}

// ---- the end

void SealedStream::wait_reset(std::function<void()> handler) {
  resetter_ = std::move(handler);
  if (inner_) await_reset();
}

void SealedStream::await_reset() {
  if (std::exchange(is_reset_awaited_, true)) return;
  inner_->wait_reset([this] {
    is_reset_awaited_ = false;
    inner_was_reset_ = true;
    if (resetter_) return std::exchange(resetter_, nullptr)();
    if (reader_) std::exchange(reader_, nullptr)();
  });
}

Status SealedStream::shutdown_write() {
  if (session_->is_ended() && inner_) return inner_->shutdown_write();
  return base::error(base::Code::kDataLoss,
                     "the encrypted bytes were cut short on the way, or the other end died");
}

size_t SealedStream::unacknowledged_bytes() const {
  return pending_.size() + (inner_ ? inner_->unacknowledged_bytes() : 0);
}

void SealedStream::reset() {
  if (inner_) inner_->reset();
}

}  // namespace mm::tunnel
