// SPDX-License-Identifier: MIT
// UnaryService: every call that is one request and one response, and every call to a method that
// the router does not have. gRPC hands them over unread. The services that it generates would hold
// a call with all its metadata until a request comes, if ever, and answer what they cannot parse by
// themselves: nobody could bound the one or count the other.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/status.h"
#include "net/loop.h"
#include "router/admission.h"
#include "router/limits.h"
#include "router/switchboard.h"
#include "transport/guests.h"

namespace mm::router {

class UnaryService {
 public:
  // Borrowed; they outlive the server.
  UnaryService(net::Loop& loop, Switchboard& switchboard, transport::Guests& guests,
               const Limits& limits)
      : loop_(loop), switchboard_(switchboard), guests_(guests), limits_(limits) {}

  // Whom a method answers with OK.
  enum class For { kAnybody, kAdmitted };

  // `path`: as HTTP/2 has it, "/package.Service/Method". `answer` is called on the loop. Before
  // serve().
  template <typename Request, typename Response>
  void add(const std::string& path, For whom,
           std::function<base::StatusOr<Response>(const Request&, const Credential&)> answer) {
    const auto answer_bytes =
        [this, answer = std::move(answer)](
            grpc::ByteBuffer& message,
            const Credential& credential) -> base::StatusOr<grpc::ByteBuffer> {
      Request request;
      if (!grpc::SerializationTraits<Request>::Deserialize(&message, &request).ok()) {
        return malformed(credential.address, "the request cannot be parsed");
      }
      const base::StatusOr<Response> response = answer(request, credential);
      if (!response.ok()) return response.status();
      grpc::ByteBuffer bytes;
      bool is_own = false;
      grpc::SerializationTraits<Response>::Serialize(*response, &bytes, &is_own);
      return bytes;
    };
    methods_.emplace(path, Method{whom, answer_bytes});
  }

  grpc::AsyncGenericService& service() { return service_; }

  // Takes calls on `queue` from now on, as many at a time as a burst brings.
  void serve(grpc::ServerCompletionQueue& queue);

 private:
  class Call;
  struct Method {
    For whom;
    std::function<base::StatusOr<grpc::ByteBuffer>(grpc::ByteBuffer&, const Credential&)> answer;
  };

  base::Status malformed(const std::string& caller, const std::string& message);

  net::Loop& loop_;
  Switchboard& switchboard_;
  transport::Guests& guests_;
  const Limits& limits_;
  std::map<std::string, Method> methods_;
  grpc::AsyncGenericService service_;
};

}  // namespace mm::router
