// SPDX-License-Identifier: MIT
// Sends what gRPC and protobuf log of their own accord to our log, so that no line of theirs
// reaches a person.
// Called first thing by whoever makes gRPC objects: RouterClient and Server.
#pragma once

namespace mm::transport {

// Their lines become `grpc.log` and `protobuf.log` at debug level. Takes GRPC_TRACE from the
// environment unless our own level is trace: it would log metadata, tokens included. Before gRPC's
// first object; calling it again changes nothing.
void capture_grpc_log();

}  // namespace mm::transport
