// SPDX-License-Identifier: MIT
#include "doctor/traffic.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/hex.h"
#include "doctor/trial.h"
#include "secure/log_id.h"

namespace mm::doctor {
namespace {

using base::Code;
using base::ExitCode;
using base::Status;
using base::StatusOr;
using transport::Forwards;
using tunnel::Tunnel;

constexpr uint64_t kLoadBytes = 32 << 20;
constexpr base::Duration kLoadTime = std::chrono::seconds(2);
constexpr base::Duration kFirstByte = std::chrono::seconds(10);
constexpr base::Duration kRegistered = std::chrono::seconds(15);

std::string random_text(base::Random& random) {
  std::array<uint8_t, 4> bytes;
  random.fill(bytes);
  return base::to_hex(bytes);
}

// Both ends of one connection through the router, and the stream that holds its name.
class Loopback final : public transport::Registration::Listener {
 public:
  explicit Loopback(const Context& context)
      : context_(context),
        name_("doctor-" + random_text(context.random)),
        instance_(random_text(context.random)),
        near_(context.loop),
        far_(context.loop),
        tunnels_(context.loop, context.random, {}) {}

  ~Loopback() override { leave(context_.loop, tunnels_); }
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  // What the router says to it; kDeadlineExceeded: nothing.
  Status open() {
    opened_time_ = context_.loop.clock().now();
    registration_ = context_.router.create_service({.name = name_,
                                                    .port_hint = 0,
                                                    .owner_proof = "",
                                                    .label = "mindmeld doctor",
                                                    .share_instance = instance_},
                                                   *this);
    run_until(context_.loop, kRegistered, [this] { return is_registered_ || ended_; });
    if (ended_) return *ended_;
    if (!is_registered_) return base::error(Code::kDeadlineExceeded, "the router does not answer");
    return absl::OkStatus();
  }

  // Bytes a second, from one end to the other; 0: none arrived.
  double measure() {
    const auto forwards = await<StatusOr<Forwards>>(context_.loop, [&](auto done) {
      context_.router.forward_to_service({.service = name_, .count = 1}, done);
    });
    if (!forwards.ok()) return 0;
    sent_.left_bytes = kLoadBytes;
    attach(near_, sent_, forwards->tokens.front(), transport::Role::kConnect);
    run_until(context_.loop, kFirstByte,
              [this] { return received_.taken_bytes > 0 || near_.ending(); });
    const uint64_t first_bytes = received_.taken_bytes;
    run_until(context_.loop, kLoadTime,
              [this] { return received_.taken_bytes == kLoadBytes || near_.ending(); });
    const base::Duration took = received_.last_time - received_.first_time;
    if (took <= base::Duration::zero()) return 0;
    return static_cast<double>(received_.taken_bytes - first_bytes) /
           std::chrono::duration<double>(took).count();
  }

  // Until the stream is cut, or was open for so long. How long it was open, and how it ended.
  base::Duration watch(base::Duration most) {
    const base::TimePoint until = opened_time_ + most;
    run_until(context_.loop, until - context_.loop.clock().now(),
              [this] { return ended_.has_value(); });
    return (ended_ ? ended_time_ : context_.loop.clock().now()) - opened_time_;
  }
  const std::optional<Status>& ended() const { return ended_; }

 private:
  void attach(Trial& end, Load::Tally& tally, const base::Token& token, transport::Role role) {
    Tunnel& tunnel = tunnels_.open(end, secure::log_id(token), "doctor");
    tunnel.set_local(std::make_unique<Load>(context_.loop, tally));
    tunnel.attach([this, token, role](uint64_t generation, wire::Lane::Listener& listener) {
      return context_.router.open_lane({.token = token,
                                        .role = role,
                                        .service = name_,
                                        .generation = generation,
                                        .share_instance = ""},
                                       listener);
    });
  }

  void on_registered(const std::string&, const std::string&) override {
    is_registered_ = true;
    context_.loop.stop();
  }
  void on_forward(const base::Token& token, uint64_t generation) override {
    if (generation == 0) attach(far_, received_, token, transport::Role::kShare);
  }
  void on_superseded() override {}
  void on_draining() override {}
  void on_move(const base::Token&) override {}
  void on_ended(const Status& status) override {
    ended_ = status;
    ended_time_ = context_.loop.clock().now();
    context_.loop.stop();
  }

  const Context& context_;
  const std::string name_;
  const std::string instance_;
  Trial near_;
  Trial far_;
  Load::Tally sent_;
  Load::Tally received_;
  tunnel::TunnelSet tunnels_;
  bool is_registered_ = false;
  base::TimePoint opened_time_{};
  std::optional<Status> ended_;
  base::TimePoint ended_time_{};
  std::unique_ptr<transport::Registration> registration_;  // last: it goes first
};

std::string rate_text(double bytes_per_s) {
  char text[32];
  std::snprintf(text, sizeof text, bytes_per_s < 9.95e6 ? "%.1f MB/s" : "%.0f MB/s",
                bytes_per_s / 1e6);
  return text;
}

void tell_unopened(const Context& context, const Status& status) {
  const bool is_refused =
      status.code() == Code::kUnauthenticated || status.code() == Code::kPermissionDenied;
  if (is_refused) {
    return context.report.untold("streams", "not measured: you may not share a service here");
  }
  context.report.bad("streams", base::message(status),
                     "what stands in front of the router must pass streams on, unbuffered, in both "
                     "directions",
                     ExitCode::kRouterUnreachable);
}

}  // namespace

void check_traffic(const Context& context) {
  Loopback loopback(context);
  if (const Status opened = loopback.open(); !opened.ok()) return tell_unopened(context, opened);
  if (const double bytes_per_s = loopback.measure(); bytes_per_s > 0) {
    context.report.good("throughput", rate_text(bytes_per_s) + " through the router and back");
  } else if (!loopback.ended()) {
    context.report.bad("throughput", "what was sent did not come back",
                       "what stands in front of the router must pass streams on, unbuffered, in "
                       "both directions",
                       ExitCode::kRouterUnreachable);
  }
  context.report.waiting("streams", "one is watched for " + text_of(context.config.patience));
  const std::string age = text_of(loopback.watch(context.config.patience));
  if (!loopback.ended()) {
    return context.report.good("streams", "one lived for " + age + ", and would have gone on");
  }
  context.report.bad("streams",
                     "a stream was cut after " + age + ": " + base::message(*loopback.ended()),
                     "connections go on over new streams, but let what is in between keep them for "
                     "an hour (nginx: grpc_read_timeout 1h; Cloud Run: --timeout=3600)",
                     ExitCode::kRouterUnreachable);
}

}  // namespace mm::doctor
