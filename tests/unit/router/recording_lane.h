// SPDX-License-Identifier: MIT
// A lane that only remembers what it was told, for the tests of rendezvous and switchboard.
#pragma once

#include <memory>
#include <optional>

#include "router/lane.h"

namespace mm::test {

class RecordingLane final : public router::Lane {
 public:
  bool is_admitted = false;
  bool is_cancelled = false;
  std::optional<base::Status> finished;

  void admit() override { is_admitted = true; }
  void read(std::shared_ptr<Listener> listener) override { reader = std::move(listener); }
  void cancel() override { is_cancelled = true; }

  bool is_waiting() const { return is_admitted && !finished; }
  base::Code code() const { return finished ? finished->code() : base::Code::kUnknown; }

  std::shared_ptr<Listener> reader;

 private:
  void start_write(const grpc::ByteBuffer&, std::shared_ptr<Listener>) override {}
  void start_finish(const base::Status& status) override { finished = status; }
};

}  // namespace mm::test
