// SPDX-License-Identifier: MIT
// What is set once for all of gRPC in a process. Called first thing by whoever makes gRPC objects:
// RouterClient and Server.
#pragma once

namespace mm::transport {

// What gRPC and protobuf log of their own accord becomes `grpc.log` and `protobuf.log` at debug
// level, so that no line of theirs reaches a person. Takes GRPC_TRACE from the environment unless
// our own level is trace: it would log metadata, tokens included. Its mutexes stop looking for
// deadlocks. Before gRPC's first object; calling it again changes nothing.
void set_up_grpc();

}  // namespace mm::transport
