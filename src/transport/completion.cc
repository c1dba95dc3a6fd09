// SPDX-License-Identifier: MIT
#include "transport/completion.h"

namespace mm::transport {

CompletionThread::CompletionThread(grpc::CompletionQueue& queue)
    : thread_([&queue] {
        void* tag = nullptr;
        bool ok = false;
        while (queue.Next(&tag, &ok)) static_cast<Completion*>(tag)->complete(ok);
      }) {}

CompletionThread::~CompletionThread() { thread_.join(); }

}  // namespace mm::transport
