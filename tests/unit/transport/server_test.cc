// SPDX-License-Identifier: MIT
#include "transport/server.h"

#include <doctest/doctest.h>
#include <grpcpp/create_channel.h>

#include <fstream>

#include "unit/transport/certificates.h"

using namespace mm;
using base::Code;
using test::TemporaryFile;
using transport::Server;

namespace {

base::StatusOr<std::unique_ptr<Server>> start(const std::string& cert_file,
                                              const std::string& key_file) {
  return Server::start({{config::Endpoint::tcp("127.0.0.1", 0)}, cert_file, key_file}, {});
}

std::string why_not(const std::string& cert_file, const std::string& key_file) {
  const base::Status status = start(cert_file, key_file).status();
  CHECK(status.code() == Code::kInvalidArgument);
  return base::message(status);
}

}  // namespace

TEST_CASE("server: with a certificate and its key it speaks TLS") {
  const test::Identity authority = test::make_authority("test authority");
  const test::Identity identity = test::make_identity(authority, "IP:127.0.0.1");
  const TemporaryFile cert(identity.certificate);
  const TemporaryFile key(identity.key);
  const auto server = start(cert.path(), key.path());
  REQUIRE(server.ok());
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority.certificate;
  const auto channel =
      grpc::CreateChannel((*server)->addresses()[0], grpc::SslCredentials(options));
  CHECK(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)));
  (*server)->stop({});
}

TEST_CASE("server: TLS files that cannot do are named, each with what is wrong with it") {
  const test::Identity authority = test::make_authority("test authority");
  const test::Identity identity = test::make_identity(authority, "IP:127.0.0.1");
  const TemporaryFile cert(identity.certificate);
  const TemporaryFile key(identity.key);
  const TemporaryFile other_key(authority.key);
  const TemporaryFile no_pem("hello");
  const TemporaryFile empty("");
  const std::string absent = cert.path() + ".absent";

  CHECK(why_not(cert.path(), "") ==
        "TLS needs both a certificate and a key; only the certificate is given");
  CHECK(why_not("", key.path()) == "TLS needs both a certificate and a key; only the key is given");
  CHECK(why_not(absent, key.path()) ==
        "cannot read the TLS certificate " + absent + ": No such file or directory");
  CHECK(why_not(cert.path(), absent) ==
        "cannot read the TLS key " + absent + ": No such file or directory");
  CHECK(why_not(empty.path(), key.path()) ==
        "cannot read the TLS certificate " + empty.path() + ": it is empty");
  CHECK(why_not("/", key.path()) == "cannot read the TLS certificate /: Is a directory");
  CHECK(why_not(no_pem.path(), key.path()) ==
        "the TLS certificate " + no_pem.path() + " is not a PEM certificate");
  CHECK(why_not(cert.path(), no_pem.path()) ==
        "the TLS key " + no_pem.path() + " is not a PEM private key");
  CHECK(why_not(cert.path(), other_key.path()) ==
        "the TLS key " + other_key.path() + " does not belong to the certificate " + cert.path());
}

TEST_CASE("server: who connects after its files were replaced is shown the new certificate") {
  const test::Identity authority = test::make_authority("test authority");
  const test::Identity first = test::make_identity(authority, "IP:127.0.0.1");
  const test::Identity other_authority = test::make_authority("another authority");
  const test::Identity second = test::make_identity(other_authority, "IP:127.0.0.1");
  const TemporaryFile cert(first.certificate);
  const TemporaryFile key(first.key);
  const auto server = start(cert.path(), key.path());
  REQUIRE(server.ok());
  transport::ServerTls& tls = (*server)->tls();
  CHECK_FALSE(tls.has_changed());
  const auto connect = [&](const test::Identity& trusted) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = trusted.certificate;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    return grpc::CreateCustomChannel((*server)->addresses()[0], grpc::SslCredentials(options),
                                     arguments);
  };
  const auto within = [](int seconds) {
    return std::chrono::system_clock::now() + std::chrono::seconds(seconds);
  };
  const auto open = connect(authority);
  CHECK(open->WaitForConnected(within(10)));

  std::ofstream(cert.path()) << second.certificate;  // without its key yet
  CHECK(tls.has_changed());
  CHECK(tls.reload().code() == Code::kInvalidArgument);
  CHECK_FALSE(tls.has_changed());  // it is told once
  CHECK(connect(authority)->WaitForConnected(within(10)));

  std::ofstream(key.path()) << second.key;
  CHECK(tls.has_changed());
  CHECK(tls.reload().ok());
  CHECK(connect(other_authority)->WaitForConnected(within(10)));
  CHECK_FALSE(connect(authority)->WaitForConnected(within(1)));
  CHECK(open->GetState(false) == GRPC_CHANNEL_READY);
  (*server)->stop({});
}
