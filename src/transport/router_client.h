// SPDX-License-Identifier: MIT
// RouterClient: everything that share, connect, list and doctor say to one router. Owns the
// channels; every handler and listener is called on the loop, and never from within the call that
// it belongs to. No gRPC type appears here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/status.h"
#include "base/token.h"
#include "config/config.h"
#include "net/loop.h"
#include "wire/lane.h"

namespace mm::transport {

class LoopQueue;

enum class Role { kShare, kConnect };

// How long the router may be silent. Tests shorten it.
struct CallTiming {
  // To its first word on a call. A cold start on Cloud Run takes seconds.
  std::chrono::milliseconds answer{10'000};
  // Between our heartbeats on a registration. Heartbeats are messages, because behind a load
  // balancer an HTTP/2 ping proves only that the balancer lives.
  std::chrono::milliseconds heartbeat{15'000};
  // Without a message on a registration: three heartbeats may be lost.
  std::chrono::milliseconds silence{45'000};
};

struct LaneRequest {
  base::Token token;
  Role role = Role::kConnect;
  std::string service;  // a valid name: it travels in a header
  uint64_t generation = 0;
  std::string share_instance;  // kConnect: whom to meet; empty: whoever has the name
  base::Secret ticket = {};    // as in ForwardRequest
};

struct ForwardRequest {
  std::string service;
  uint32_t count = 1;        // tokens wanted, 1 to 16
  base::Secret ticket = {};  // its proof (secure/proof.h), shown instead of the pass; empty: none
};

struct Forwards {
  std::vector<base::Token> tokens;
  uint16_t port_hint = 0;      // 0: none
  std::string share_instance;  // of the share that offers the service now
};

struct ListRequest {
  std::vector<std::string> names;  // these alone; none: all
  bool with_connections = false;   // those of the caller's own services
};

// A forwarded connection, as the router sees it.
struct ConnectionInfo {
  std::string id;
  std::string caller;  // who connects, as the router knows them
  uint64_t age_s = 0;
  uint64_t up_bytes = 0;  // from connect to share, frames included
  uint64_t down_bytes = 0;
};

struct ServiceInfo {
  std::string name;
  int64_t create_time_s = 0;  // Unix time
  std::string owner;
  std::string kind;
  uint64_t connections = 0;
  uint64_t bytes = 0;
  bool away = false;
  std::vector<ConnectionInfo> open = {};  // where they are asked for
};

struct Listing {
  std::vector<ServiceInfo> services;  // oldest first
  std::string router_instance;
  uint32_t revision = 0;       // of the protocol (revision.h); 0: it does not say
  std::string router_version;  // of its program, printable; empty: it does not say
  uint64_t time_ms = 0;        // its clock, Unix time; 0: it does not say
};

struct RegistrationRequest {
  std::string name;
  uint16_t port_hint = 0;
  std::string owner_proof;
  std::string label;
  std::string share_instance;
  uint64_t start_time_ms = 0;                      // of the share's process, Unix time
  bool is_again = false;                           // it had the name before
  std::vector<std::string> ticket_verifiers = {};  // secure::admission_verifier() of each ticket
};

// A name held at the router, for as long as this object and its stream live.
class Registration {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // `public_url`: how others reach the router, as it says; empty: not known.
    virtual void on_registered(const std::string& router_instance,
                               const std::string& public_url) = 0;
    virtual void on_forward(const base::Token& token, uint64_t generation) = 0;
    // Another process of the same owner has the name now; forwards for what is open still come.
    virtual void on_superseded() = 0;
    // The router ends soon: register elsewhere.
    virtual void on_draining() = 0;
    // The lanes of this connection are about to be cut: have them moved.
    virtual void on_move(const base::Token& token) = 0;
    // The stream ended; nothing follows. Codes as for the handlers of RouterClient, and
    // kAlreadyExists: the name is another owner's.
    virtual void on_ended(const base::Status& status) = 0;
  };

  virtual ~Registration() = default;  // gives the name up; no callback after

  // Other tickets than before open the service.
  virtual void update_verifiers(const std::vector<std::string>& verifiers) = 0;
};

// Codes that handlers see. kUnavailable: the router is not there, or went away; worth another try.
// kAborted: the router ended the call for the time being; worth another try.
// kFailedPrecondition: what answers is not a mindmeld router, or not by this scheme (plaintext or
// TLS), or its certificate is not trusted. kNotFound: no such service. Messages are one clause for
// people, with the router's URL and never a text of gRPC's own.
class RouterClient {
 public:
  struct Options {
    config::RouterUrl router;
    std::string ca_file;                // PEM; empty: the system's roots. Read by open()
    base::Secret pass = {};             // shown with every call but find_router(); empty: none
    base::Secret ticket = {};           // its proof, in place of the pass; empty: none
    std::string identity_command = {};  // see identity.h; empty: none. Require: TLS
    CallTiming timing = {};
  };

  // `queue` is what the loop waits on. kInvalidArgument: the CA file cannot be read.
  static base::StatusOr<std::unique_ptr<RouterClient>> open(net::Loop& loop, LoopQueue& queue,
                                                            Options options);

  virtual ~RouterClient() = default;  // ends every call; handlers that did not run never will

  virtual void forward_to_service(const ForwardRequest& request,
                                  std::function<void(base::StatusOr<Forwards>)> handler) = 0;

  // What is asked from now on goes over new connections: the way to the router has changed, or
  // another router is there now. What runs goes on where it is.
  virtual void renew() = 0;

  // The network is another one: every connection is given up. What runs on them ends with
  // kUnavailable and `why`, as if the router were lost; what follows is dialled anew.
  virtual void reconnect(const std::string& why) = 0;

  // Which router a new connection would reach. It makes one, for this question alone.
  virtual void find_router(std::function<void(base::StatusOr<std::string> instance)> handler) = 0;

  virtual void list_services(const ListRequest& request,
                             std::function<void(base::StatusOr<Listing>)> handler) = 0;

  // `listener` outlives the returned object.
  virtual std::unique_ptr<Registration> create_service(RegistrationRequest request,
                                                       Registration::Listener& listener) = 0;

  // Opens a lane; whether the router accepts it shows in the listener. At most 80 live lanes share
  // a channel (proxies queue the 101st stream of a connection silently), the next opens another.
  virtual std::unique_ptr<wire::Lane> open_lane(const LaneRequest& request,
                                                wire::Lane::Listener& listener) = 0;
};

}  // namespace mm::transport
