// SPDX-License-Identifier: MIT
// What the calls of one RouterClient share, and what each of them is: it owns itself while gRPC
// holds an operation of it, and its handlers run on the loop. Knows no message.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "net/loop.h"
#include "transport/channel.h"
#include "transport/completion.h"
#include "transport/loop_queue.h"
#include "transport/router_client.h"
#include "transport/status.h"
#include "transport/tls_probe.h"

namespace mm::transport {

class ClientCall;

// The queue that calls to one router come back on, and the calls that are not gone.
class CallQueue : public std::enable_shared_from_this<CallQueue> {
 public:
  CallQueue(net::Loop& loop, LoopQueue& queue, RouterClient::Options options);
  ~CallQueue();  // Require: stop()

  // Abandons every call, and returns when gRPC has given back the last operation. No call may be
  // made after.
  void stop();

  // Ends every call that runs with `cause`, as if the network had.
  void fail_all(const base::Status& cause);

  net::Loop& loop() { return loop_; }
  grpc::CompletionQueue* queue() { return queue_.queue(); }
  void start(const std::function<void()>& start) { queue_.start(start); }  // as LoopQueue has it
  const config::RouterUrl& router() const { return options_.router; }
  const CallTiming& timing() const { return options_.timing; }

  // Says who makes a call: whoever has this ticket's proof, else whose the pass is.
  void present(grpc::ClientContext& context, const base::Secret& ticket = {}) const;

  // A call reached a router, so the way to it is as its URL says.
  void met_router() { has_met_router_ = true; }
  bool has_met_router() const { return has_met_router_; }

  // Finds out what TLS the router's port speaks. One probe answers all who ask meanwhile.
  void ask_tls(std::function<void(const TlsAnswer&)> then);

 private:
  friend class ClientCall;

  net::Loop& loop_;
  const RouterClient::Options options_;
  LoopQueue& queue_;
  size_t operations_ = 0;  // that gRPC has
  bool is_stopped_ = false;
  bool has_met_router_ = false;
  std::unordered_set<ClientCall*> calls_;
  std::vector<std::function<void(const TlsAnswer&)>> tls_questions_;
  std::unique_ptr<TlsProbe> tls_probe_;  // while there are questions
};

class ClientCall : public std::enable_shared_from_this<ClientCall> {
 public:
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;
  virtual ~ClientCall();

  // Cancels the call; no handler of it runs any more. It is gone when gRPC has let go of it.
  void abandon();

  // The same without cancelling: for a call that was told to end in order.
  void forget();

  // Cancels the call for a reason of our own, which conclude() will tell.
  void fail(base::Status cause);

 protected:
  // The tag of one kind of operation; `handler` runs on the loop, unless the call was abandoned.
  class Operation final : public Completion {
   public:
    Operation(ClientCall& call, std::function<void(bool ok)> handler)
        : call_(call), handler_(std::move(handler)) {}

    void* start();  // the tag. Require: the previous one came back
    bool is_running() const { return running_; }
    void complete(bool ok) override;

   private:
    ClientCall& call_;
    const std::function<void(bool ok)> handler_;
    std::shared_ptr<ClientCall> keep_;  // while gRPC has the tag
    bool running_ = false;
  };

  ClientCall(std::shared_ptr<CallQueue> queue, ChannelPool::Lease lease);

  CallQueue& queue() { return *queue_; }
  grpc::ClientContext& context() { return context_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return lease_.channel(); }
  bool is_abandoned() const { return abandoned_; }

  // Says in status.h's words how the call ended, on the loop, now or once a probe has answered.
  // Require: the call is over.
  void conclude(const grpc::Status& status, std::function<void(const base::Status&)> then);

 private:
  virtual void on_abandoned() = 0;  // drop timers and handlers

  const std::shared_ptr<CallQueue> queue_;
  ChannelPool::Lease lease_;
  grpc::ClientContext context_;
  base::Status cause_;
  bool abandoned_ = false;
};

}  // namespace mm::transport
