// SPDX-License-Identifier: MIT
// What a client of one's own can send where one request is to come.
#include "router/unary_service.h"

#include <grpcpp/generic/generic_stub.h>

#include <chrono>

#include "unit/router/live_router.h"

using namespace mm;
using namespace std::chrono_literals;
using grpc::StatusCode;
using test::LiveRouter;

namespace {

constexpr const char* kForward = "/mindmeld.v1.ControlService/ForwardToService";

grpc::ByteBuffer bytes_of(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

// A call of which the test says each message.
class RawCall {
 public:
  RawCall(LiveRouter& router, const std::string& method)
      : stub_(router.channel), stream_(stub_.PrepareCall(&context_, method, &queue_)) {
    stream_->StartCall(this);
    wait();
  }
  ~RawCall() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }

  void send(const std::string& message) {
    stream_->WriteLast(bytes_of(message), {}, this);
    wait();
  }
  void half_close() {
    stream_->WritesDone(this);
    wait();
  }
  grpc::Status finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    wait();
    return status;
  }

 private:
  void wait() {
    void* tag = nullptr;
    bool ok = false;
    REQUIRE(queue_.Next(&tag, &ok));
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

}  // namespace

TEST_CASE("unary: a method that the router does not have is refused, and counted") {
  LiveRouter router;
  for (const char* method : {"/mindmeld.v1.ControlService/Fly", "/no.such/Thing", "/"}) {
    const grpc::Status status = RawCall(router, method).finish();
    CHECK(status.error_code() == StatusCode::UNIMPLEMENTED);
    CHECK(status.error_message() == "the router has no such method");
  }
  CHECK(router.refused("unknown_method") == 3);
}

TEST_CASE("unary: a request that is none is refused, and counted") {
  LiveRouter router;
  RawCall garbage(router, kForward);
  garbage.send("\xff\xff\xff");
  CHECK(garbage.finish().error_message() == "the request cannot be parsed");
  RawCall nothing(router, kForward);
  nothing.half_close();
  CHECK(nothing.finish().error_message() == "the call has no request");
  CHECK(router.refused("malformed") == 2);
}

TEST_CASE("unary: a request that is too long is refused, and counted") {
  LiveRouter router;
  RawCall call(router, kForward);
  call.send(std::string(2 << 20, 'x'));
  CHECK(call.finish().error_code() == StatusCode::RESOURCE_EXHAUSTED);
  while (router.refused("malformed") == 0) continue;  // gRPC answers before we know
}

TEST_CASE("unary: who makes a call and sends no request is not waited for for ever") {
  router::Limits limits;
  limits.registration_wait = 20ms;
  LiveRouter router(limits);
  RawCall call(router, kForward);
  CHECK(call.finish().error_code() == StatusCode::DEADLINE_EXCEEDED);
  CHECK(router.refused("registration_wait") == 1);
}

TEST_CASE("unary: a router that ends lets go of calls whose request has not come") {
  LiveRouter router;
  RawCall call(router, kForward);
  test::list(router);  // it has that call, too
  router.stop();
  CHECK(call.finish().error_code() == StatusCode::UNAVAILABLE);
}
