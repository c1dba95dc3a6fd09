// SPDX-License-Identifier: MIT
// The only table from gRPC's statuses and texts to our codes and words. Used by the client side;
// what comes out names the router by its URL and is fit for people.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace mm::transport {

// How a call ended.
struct CallEnd {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string text;          // the router's, or gRPC's own
  bool from_router = false;  // whose the text is
};

// Require: the call is over.
CallEnd call_end(const grpc::Status& status, const grpc::ClientContext& context);

// The same in the codes that RouterClient promises. What the router says about a request keeps its
// code and its words (escaped, at most 200 bytes: they come from a peer).
base::Status translate(const CallEnd& end, const config::RouterUrl& router);

// The dial ended in a way in which a TLS port also answers a plaintext client.
bool may_speak_tls(const CallEnd& end);

// TLS came to nothing, and gRPC does not say why.
bool has_failed_in_tls(const CallEnd& end);

// `why`: TlsAnswer::untrusted.
base::Status untrusted(const config::RouterUrl& router, const std::string& why);

base::Status speaks_tls(const config::RouterUrl& router);
base::Status no_http2(const config::RouterUrl& router);
base::Status not_a_router(const config::RouterUrl& router);
base::Status no_answer(const config::RouterUrl& router);

}  // namespace mm::transport
