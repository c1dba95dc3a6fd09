// SPDX-License-Identifier: MIT
#include "transport/server.h"

#include <doctest/doctest.h>
#include <grpcpp/create_channel.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "config/endpoint.h"
#include "unit/transport/certificates.h"
#include "unit/transport/raw_connection.h"

using namespace mm;
using namespace std::chrono_literals;
using base::Code;
using test::TemporaryFile;
using transport::Server;

namespace {

// A server whose loop runs.
class ServerWorld {
 public:
  ServerWorld(const std::string& cert_file, const std::string& key_file,
              const transport::Guests::Limits& limits = {})
      : guests_(loop_, limits, [this](std::string_view reason, const auto&) {
          const std::lock_guard<std::mutex> lock(mutex_);
          refusals_.emplace_back(reason);
        }) {
    const Server::Options options{{config::Endpoint::tcp("127.0.0.1", 0)}, cert_file, key_file};
    auto started = Server::start(loop_, options, {}, others_, guests_);
    status = started.status();
    if (!status.ok()) return;
    server = *std::move(started);
    server->serve();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~ServerWorld() {
    if (!server) return;
    loop_.post([this] {
      server->close_door();
      loop_.stop();
    });
    thread_.join();
    server->stop({});
  }

  std::vector<std::string> refusals() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return refusals_;
  }

  base::Status status;
  std::unique_ptr<Server> server;

 private:
  net::Loop loop_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::string> refusals_;
  transport::Guests guests_;
  grpc::AsyncGenericService others_;
};

std::string why_not_started(const std::string& cert_file, const std::string& key_file) {
  const base::Status status = ServerWorld(cert_file, key_file).status;
  CHECK(status.code() == Code::kInvalidArgument);
  return base::message(status);
}

}  // namespace

TEST_CASE("server: with a certificate and its key it speaks TLS") {
  const test::Identity authority = test::make_authority("test authority");
  const test::Identity identity = test::make_identity(authority, "IP:127.0.0.1");
  const TemporaryFile cert(identity.certificate);
  const TemporaryFile key(identity.key);
  const ServerWorld world(cert.path(), key.path());
  REQUIRE(world.status.ok());
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority.certificate;
  const auto channel =
      grpc::CreateChannel(world.server->addresses()[0], grpc::SslCredentials(options));
  CHECK(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)));
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

  CHECK(why_not_started(cert.path(), "") ==
        "TLS needs both a certificate and a key; only the certificate is given");
  CHECK(why_not_started("", key.path()) ==
        "TLS needs both a certificate and a key; only the key is given");
  CHECK(why_not_started(absent, key.path()) ==
        "cannot read the TLS certificate " + absent + ": No such file or directory");
  CHECK(why_not_started(cert.path(), absent) ==
        "cannot read the TLS key " + absent + ": No such file or directory");
  CHECK(why_not_started(empty.path(), key.path()) ==
        "cannot read the TLS certificate " + empty.path() + ": it is empty");
  CHECK(why_not_started("/", key.path()) == "cannot read the TLS certificate /: Is a directory");
  CHECK(why_not_started(no_pem.path(), key.path()) ==
        "the TLS certificate " + no_pem.path() +
            " is none: one begins with -----BEGIN CERTIFICATE-----");
  CHECK(why_not_started(cert.path(), no_pem.path()) ==
        "the TLS key " + no_pem.path() + " is none: one has a line -----BEGIN PRIVATE KEY-----");
  CHECK(why_not_started(cert.path(), other_key.path()) ==
        "the TLS key " + other_key.path() + " does not belong to the certificate " + cert.path() +
            ": give the one that it was made with");
}

TEST_CASE("server: who connects after its files were replaced is shown the new certificate") {
  const test::Identity authority = test::make_authority("test authority");
  const test::Identity first = test::make_identity(authority, "IP:127.0.0.1");
  const test::Identity other_authority = test::make_authority("another authority");
  const test::Identity second = test::make_identity(other_authority, "IP:127.0.0.1");
  const TemporaryFile cert(first.certificate);
  const TemporaryFile key(first.key);
  const ServerWorld world(cert.path(), key.path());
  REQUIRE(world.status.ok());
  transport::ServerTls& tls = world.server->tls();
  CHECK_FALSE(tls.has_changed());
  const auto connect = [&](const test::Identity& trusted) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = trusted.certificate;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    return grpc::CreateCustomChannel(world.server->addresses()[0], grpc::SslCredentials(options),
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
}

TEST_CASE("server: connections are counted by where they come from, while they are there") {
  transport::Guests::Limits limits;
  limits.connections_per_address = 3;
  ServerWorld world("", "", limits);
  REQUIRE(world.status.ok());
  const uint16_t port = config::parse_router_listen(world.server->addresses()[0])->port;
  std::vector<net::Fd> open;
  for (int i = 0; i < 3; ++i) open.push_back(test::connect_to(port));
  CHECK(test::is_closed(test::connect_to(port)));
  CHECK(world.refusals() == std::vector<std::string>{"connections_per_address"});
  open.pop_back();
  // The server sees its end a moment later.
  while (test::is_closed(open.emplace_back(test::connect_to(port)), 200ms)) open.pop_back();
  CHECK(open.size() == 3);
}

TEST_CASE("server: behind a front end all come from one address, and are bounded in all") {
  transport::Guests::Limits limits;
  limits.connections = 5;
  limits.connections_per_address = 2;
  limits.is_per_address = false;
  ServerWorld world("", "", limits);
  REQUIRE(world.status.ok());
  const uint16_t port = config::parse_router_listen(world.server->addresses()[0])->port;
  std::vector<net::Fd> open;
  for (int i = 0; i < 5; ++i) open.push_back(test::connect_to(port));
  CHECK(test::is_closed(test::connect_to(port)));
  CHECK(world.refusals() == std::vector<std::string>{"connections"});
}
