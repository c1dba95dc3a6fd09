// SPDX-License-Identifier: MIT
// The simulation's calls: lanes and control streams between a process and the router it reached.
#include <utility>

#include "sim/net.h"

namespace mm::sim {
namespace {

using namespace std::chrono_literals;

base::Status lost() { return base::error(base::Code::kUnavailable, "lost"); }

// ---- lanes

class LaneCall;

// The router's side of a lane, as gRPC has it: every operation comes back, in a later turn.
class ServerLane final : public router::Lane, public std::enable_shared_from_this<ServerLane> {
 public:
  ServerLane(Net& net, std::shared_ptr<LaneCall> call) : net_(net), call_(std::move(call)) {}

  void admit() override {}
  void read(std::shared_ptr<Listener> listener) override {
    reader_ = std::move(listener);
    pump();
  }
  void cancel() override { break_off(); }

  void drop() { reader_.reset(); }

  // From the network.
  void deliver(std::string message) {
    if (is_broken_) return;
    queue_.push_back(std::move(message));
    pump();
  }
  void half_close() {
    is_over_ = true;
    pump();
  }
  void break_off() {
    is_over_ = is_broken_ = true;
    queue_.clear();
    pump();
    report_over(true);
  }

 private:
  void start_write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener) override;
  void start_finish(const base::Status& status) override;
  void pump();
  void report_over(bool was_lost);

  Net& net_;
  const std::shared_ptr<LaneCall> call_;
  std::deque<std::string> queue_;
  std::shared_ptr<Listener> reader_;
  bool is_over_ = false;    // nothing more comes
  bool is_broken_ = false;  // nothing more goes
  bool is_reported_ = false;
};

class LaneCall final : public Call {
 public:
  // Without a ledger nobody is there who would go on.
  LaneCall(Net& net, const Link& link, wire::Lane::Listener& listener,
           std::shared_ptr<Ledger> ledger)
      : Call(net, link), listener_(&listener), ledger_(std::move(ledger)) {}

  void open(const transport::LaneRequest& request) {
    opening_ = request;
    const bool is_share = request.role == transport::Role::kShare;
    const router::LaneRequest asked{
        request.token,          is_share ? router::Role::kShare : router::Role::kConnect,
        request.service,        request.generation,
        request.share_instance, {.name = "sim"}};
    up_.put([this, self = shared_from_this(), asked] {
      router::Switchboard* const router = live_router();
      if (!router) return close(lost());
      server_ = std::make_shared<ServerLane>(net_, std::static_pointer_cast<LaneCall>(self));
      router->lane_arrived(server_, asked);
    });
  }

  // --- the process's side ---
  void write_last(const std::string& message) {
    send_up(message);
    half_close();
  }
  void write(const std::string& message) {
    send_up(message);
    net_.after(1us, [this, self = shared_from_this()] {
      if (listener_) listener_->on_written();
    });
  }
  void send_up(const std::string& message) {
    if (const auto frame = noted(message)) ledger_->told(*frame);
    const auto opening = std::exchange(opening_, {});
    up_.put([this, self = shared_from_this(), opening, message] {
      if (opening) net_.remember({&link_, *opening, message});
      if (server_) server_->deliver(message);
      net_.lane_message_arrived(*this);
    });
  }
  void hold_up(base::TimePoint until) { up_.hold_up(until); }
  void half_close() {
    up_.put([this, self = shared_from_this()] {
      if (server_) server_->half_close();
    });
  }
  void abandon() {
    listener_ = nullptr;
    up_.cut([this, self = shared_from_this()] { break_server(); });
  }
  void cut() override {
    up_.cut([this, self = shared_from_this()] { break_server(); });
    down_.cut([this, self = shared_from_this()] { close(lost()); });
  }

  void drop() override {
    Call::drop();
    if (const auto server = std::exchange(server_, nullptr)) server->drop();
  }

  // --- the router's side ---
  void send(std::string message) {
    down_.put([this, self = shared_from_this(), message = std::move(message)] {
      if (listener_) deliver(message);
      net_.lane_message_arrived(*this);
    });
  }
  void finish(const base::Status& status) {
    down_.put([this, self = shared_from_this(), status] { close(status); });
  }
  void over(bool was_lost) {
    if (router::Switchboard* const router = live_router()) router->lane_over(*server_, was_lost);
    server_.reset();
  }

 private:
  // The frame, where somebody keeps a ledger.
  std::optional<wire::Frame> noted(const std::string& message) const {
    if (!ledger_) return std::nullopt;
    return *wire::decode({base::Bytes::copy_of(message)});
  }
  void deliver(const std::string& message) {
    if (const auto frame = noted(message)) ledger_->heard(*frame);
    listener_->on_message({base::Bytes::copy_of(message)});
  }
  void close(const base::Status& status) {
    if (wire::Lane::Listener* const told = std::exchange(listener_, nullptr)) {
      told->on_closed(status);
    }
  }
  void break_server() {
    if (const auto server = server_) server->break_off();
  }

  wire::Lane::Listener* listener_;  // null: it is gone, or was told the end
  const std::shared_ptr<Ledger> ledger_;
  std::shared_ptr<ServerLane> server_;
  std::optional<transport::LaneRequest> opening_;  // until the first message
};

void ServerLane::pump() {
  if (!reader_ || (queue_.empty() && !is_over_)) return;
  net_.loop().post([this, self = shared_from_this(), reader = std::exchange(reader_, nullptr)] {
    const bool has_message = !queue_.empty();
    if (has_message) {
      const grpc::Slice slice(queue_.front());
      message_ = grpc::ByteBuffer(&slice, 1);
      queue_.pop_front();
    }
    reader->on_read(*this, has_message);
  });
}

void ServerLane::start_write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener) {
  std::vector<grpc::Slice> slices;
  message.Dump(&slices);
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  if (!is_broken_) call_->send(std::move(text));
  net_.loop().post([this, self = shared_from_this(), listener = std::move(listener)] {
    write_completed();
    listener->on_written(*this, !is_broken_);
  });
}

void ServerLane::start_finish(const base::Status& status) {
  // What the router calls UNAVAILABLE reaches its end as kAborted (transport/status.h).
  const bool is_router_word = status.code() == base::Code::kUnavailable;
  call_->finish(is_router_word ? base::error(base::Code::kAborted, base::message(status)) : status);
  is_over_ = true;
  pump();
  report_over(false);
}

void ServerLane::report_over(bool was_lost) {
  if (std::exchange(is_reported_, true)) return;
  net_.loop().post([this, self = shared_from_this(), was_lost] { call_->over(was_lost); });
}

class ClientLane final : public wire::Lane {
 public:
  explicit ClientLane(std::shared_ptr<LaneCall> call) : call_(std::move(call)) {}
  ~ClientLane() override { call_->abandon(); }
  void write(wire::EncodedFrame frame) override { call_->write(text_of(frame)); }
  void write_last(wire::EncodedFrame frame) override { call_->write_last(text_of(frame)); }
  void half_close() override { call_->half_close(); }

 private:
  static std::string text_of(const wire::EncodedFrame& frame) {
    std::string text(reinterpret_cast<const char*>(frame.header.data()), frame.header_bytes);
    for (const base::Bytes& piece : frame.payload) text += piece.text();
    return text;
  }

  const std::shared_ptr<LaneCall> call_;
};

class Nobody final : public wire::Lane::Listener {
 public:
  void on_message(std::vector<base::Bytes>) override {}
  void on_written() override {}
  void on_closed(const base::Status&) override {}
};

// ---- control streams

class ControlCall final : public Call, public router::ShareStream {
 public:
  ControlCall(Net& net, const Link& link, transport::Registration::Listener& listener)
      : Call(net, link), listener_(&listener) {}

  void open(const transport::RegistrationRequest& request) {
    const router::Offer offer{.name = request.name,
                              .kind = "tcp",
                              .port_hint = request.port_hint,
                              .owner_proof = request.owner_proof,
                              .label = request.label,
                              .instance = request.share_instance,
                              .start_time_ms = request.start_time_ms,
                              .is_again = request.is_again};
    up_.put([this, self = shared_from_this(), offer] { registered(offer); });
  }
  void leave() {
    listener_ = nullptr;
    up_.put([this, self = shared_from_this()] { remove(false); });
  }
  void cut() override {
    up_.cut([this, self = shared_from_this()] { remove(true); });
    down_.cut([this, self = shared_from_this()] { end_listener(lost()); });
  }

  void drop() override {
    Call::drop();
    self_.reset();
  }

  void forward(const std::string&, const base::Token& token, uint64_t generation) override {
    tell([token, generation](auto& listener) { listener.on_forward(token, generation); });
  }
  void superseded() override {
    tell([](auto& listener) { listener.on_superseded(); });
  }
  void draining() override {
    tell([](auto& listener) { listener.on_draining(); });
  }
  void move(const base::Token& token) override {
    tell([token](auto& listener) { listener.on_move(token); });
  }
  const router::Caller& caller() const override { return caller_; }
  bool opens_to(const secure::Digest&) const override { return false; }
  void end(const base::Status&) override {
    remove(false);
    down_.put([this, self = shared_from_this()] {
      end_listener(base::error(base::Code::kAborted, "ended"));
    });
  }

 private:
  void registered(const router::Offer& offer) {
    router::Switchboard* const router = live_router();
    if (!router) return end_listener(lost());
    const auto standing = router->add_share(offer, *this);
    if (!standing.ok()) {
      down_.put(
          [this, self = shared_from_this(), status = standing.status()] { end_listener(status); });
      return;
    }
    self_ = shared_from_this();
    tell([instance = router->instance()](auto& listener) { listener.on_registered(instance, ""); });
    if (*standing == router::Registry::Standing::kSuperseded) superseded();
    router->announce_waiting(offer.name);
  }
  void remove(bool was_lost) {
    const auto keep = std::exchange(self_, nullptr);
    router::Switchboard* const router = live_router();
    if (keep && router) router->remove_share(*this, was_lost);
  }
  void tell(std::function<void(transport::Registration::Listener&)> what) {
    down_.put([this, self = shared_from_this(), what = std::move(what)] {
      if (listener_) what(*listener_);
    });
  }
  void end_listener(const base::Status& status) {
    if (auto* const told = std::exchange(listener_, nullptr)) told->on_ended(status);
  }

  transport::Registration::Listener* listener_;
  const router::Caller caller_{.name = "sim"};
  std::shared_ptr<Call> self_;  // while the router knows it
};

class ClientRegistration final : public transport::Registration {
 public:
  explicit ClientRegistration(std::shared_ptr<ControlCall> call) : call_(std::move(call)) {}
  ~ClientRegistration() override { call_->leave(); }
  void update_verifiers(const std::vector<std::string>&) override {}

 private:
  const std::shared_ptr<ControlCall> call_;
};

}  // namespace

// ---- Client

void Client::answer(std::function<void(router::Switchboard*)> handler) {
  net_.after(net_.delay(link_), [this, alive = alive_, handler = std::move(handler)] {
    if (*alive) handler(net_.route().switchboard.get());
  });
}

void Client::forward_to_service(const transport::ForwardRequest& request,
                                std::function<void(base::StatusOr<transport::Forwards>)> handler) {
  answer([request, handler = std::move(handler)](router::Switchboard* router) {
    if (!router) return handler(lost());
    const auto forwards = router->forward_to(request.service, request.count, {.name = "sim"});
    if (!forwards.ok()) return handler(forwards.status());
    handler(transport::Forwards{forwards->tokens, 0, forwards->share_instance});
  });
}

void Client::find_router(std::function<void(base::StatusOr<std::string>)> handler) {
  answer([handler = std::move(handler)](router::Switchboard* router) {
    if (!router) return handler(lost());
    handler(router->instance());
  });
}

void Client::list_services(const transport::ListRequest&,
                           std::function<void(base::StatusOr<transport::Listing>)> handler) {
  answer([handler = std::move(handler)](router::Switchboard*) { handler(transport::Listing{}); });
}

std::unique_ptr<transport::Registration> Client::create_service(
    transport::RegistrationRequest request, transport::Registration::Listener& listener) {
  const auto call = std::make_shared<ControlCall>(net_, link_, listener);
  net_.add(call);
  call->open(request);
  return std::make_unique<ClientRegistration>(call);
}

std::unique_ptr<wire::Lane> Client::open_lane(const transport::LaneRequest& request,
                                              wire::Lane::Listener& listener) {
  const auto call = std::make_shared<LaneCall>(net_, link_, listener, net_.lane_opened(request));
  net_.add(call);
  const base::TimePoint now = net_.loop().clock().now();
  if (link_.lanes_late_until > now) {
    call->hold_up(now + std::chrono::milliseconds(net_.random().below(30'000)));
  }
  call->open(request);
  if (link_.lanes_lost_until > now) call->cut();
  return std::make_unique<ClientLane>(call);
}

void Net::repeat_lane() {
  if (openings_.empty()) return;
  const LaneOpening& opening = openings_[random_.below(openings_.size())];
  static Nobody nobody;
  const auto call = std::make_shared<LaneCall>(*this, *opening.link, nobody, nullptr);
  add(call);
  call->open(opening.request);
  call->write(opening.first_message);
  after(std::chrono::milliseconds(random_.below(20'000)), [call] { call->cut(); });
}

}  // namespace mm::sim
