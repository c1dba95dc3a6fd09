// SPDX-License-Identifier: MIT
#include "config/resolve.h"

#include <doctest/doctest.h>

#include "unit/scratch.h"

using namespace mm::config;
using namespace std::chrono_literals;
using mm::base::message;

namespace {

using Values = decltype(Arguments::values);

// A command line in a place without any file. `HOME` is not set.
Sources given(std::vector<std::string> positionals, Values values = {},
              Environment environment = {}) {
  return {{std::move(values), std::move(positionals)}, std::move(environment), "/nonexistent"};
}

template <typename Config>
std::string error_of(const mm::base::StatusOr<Config>& config) {
  return config.ok() ? "(none)" : message(config.status());
}

std::string router_error(Values values, Environment environment = {}) {
  return error_of(resolve_router(given({}, std::move(values), std::move(environment))));
}

const Values kAnonymous = {{"allow-anonymous", {"true"}}};

Values with(Values values, const std::string& name, std::vector<std::string> value) {
  values[name] = std::move(value);
  return values;
}

}  // namespace

// ---- what every command has

TEST_CASE("resolve: without any source the defaults hold") {
  const auto list = resolve_list(given({}));
  REQUIRE(list.ok());
  CHECK(list->common.router == RouterUrl());
  CHECK(list->common.router_is_default);
  CHECK(list->common.ca_file.empty());
  CHECK(!list->common.json);
  CHECK(list->common.verbosity == 0);
}

TEST_CASE("resolve: flag, environment, file: the first that says something holds") {
  const Scratch scratch;
  const std::string file = scratch.file("c.json", R"({"router": "http://file", "ca": "file.pem"})");
  const Values config = {{"config", {file}}};
  const Environment environment = {{"MINDMELD_ROUTER", "http://env"}};
  const auto host = [](const Sources& sources) {
    const auto list = resolve_list(sources);
    REQUIRE(list.ok());
    CHECK(!list->common.router_is_default);
    return list->common.router.host;
  };
  CHECK(host(given({}, config)) == "file");
  CHECK(host(given({}, config, environment)) == "env");
  CHECK(host(given({}, with(config, "router", {"http://flag"}), environment)) == "flag");
  CHECK(host(given({}, {}, {{"MINDMELD_CONFIG", file}})) == "file");
  CHECK(resolve_list(given({}, config))->common.ca_file == scratch.folder() + "/file.pem");
}

TEST_CASE("resolve: a bad value is told with its source") {
  const Scratch scratch;
  const std::string file = scratch.file("c.json", "{\n\"router\": \"ftp://x\"}");
  const std::string why = ": \"ftp://\" is not for routers: write http:// or https://";
  CHECK(error_of(resolve_list(given({}, {{"router", {"ftp://x"}}}))) == "--router" + why);
  CHECK(error_of(resolve_list(given({}, {}, {{"MINDMELD_ROUTER", "ftp://x"}}))) ==
        "MINDMELD_ROUTER" + why);
  CHECK(error_of(resolve_list(given({}, {{"config", {file}}}))) == file + ":2: \"router\"" + why);
}

TEST_CASE("resolve: of -q and -v the one whose source goes first counts") {
  const Scratch scratch;
  const std::string file = scratch.file("c.json", R"({"quiet": true})");
  const auto verbosity = [](Values values, Environment environment = {}) {
    const auto list = resolve_list(given({}, std::move(values), std::move(environment)));
    REQUIRE(list.ok());
    return list->common.verbosity;
  };
  CHECK(verbosity({{"verbose", {"true"}}}) == 1);
  CHECK(verbosity({{"verbose", {"true", "true"}}}) == 2);
  CHECK(verbosity({{"quiet", {"true"}}}) == -1);
  CHECK(verbosity({{"config", {file}}}) == -1);
  CHECK(verbosity({{"config", {file}}, {"verbose", {"true"}}}) == 1);
  CHECK(verbosity({{"quiet", {"true"}}}, {{"MINDMELD_VERBOSE", "2"}}) == -1);
  CHECK(error_of(resolve_list(given({}, {{"quiet", {"true"}}, {"verbose", {"true"}}}))) ==
        "--quiet and --verbose exclude each other: leave out one");
}

TEST_CASE("resolve: list and router take no arguments") {
  CHECK(error_of(resolve_router(given({"extra"}))) ==
        "mindmeld router takes no arguments, and got \"extra\": mindmeld router --help lists its "
        "flags");
}

// ---- router

TEST_CASE("resolve: a router listens on loopback by default, and at $PORT on Cloud Run") {
  const auto local = resolve_router(given({}));
  REQUIRE(local.ok());
  CHECK(local->listen == std::vector<Endpoint>{Endpoint::tcp("127.0.0.1", 6353)});
  CHECK(resolve_router(given({}, {}, {{"PORT", "8080"}}))->listen == local->listen);

  const auto cloud = resolve_router(given({}, kAnonymous, {{"K_SERVICE", "r"}, {"PORT", "8080"}}));
  REQUIRE(cloud.ok());
  CHECK(cloud->listen == std::vector<Endpoint>{Endpoint::tcp("0.0.0.0", 8080)});

  CHECK(router_error(kAnonymous, {{"K_SERVICE", "r"}}) ==
        "K_SERVICE is set, as on Cloud Run, but PORT is not: set it, or add --listen HOST:PORT");
  CHECK(router_error(kAnonymous, {{"K_SERVICE", "r"}, {"PORT", "x"}}) ==
        "K_SERVICE is set, as on Cloud Run, but PORT is \"x\": set it, or add --listen HOST:PORT");
  CHECK(router_error({{"listen", {"7000"}}}, {{"K_SERVICE", "r"}}) == "(none)");
}

TEST_CASE("resolve: a router moves lanes at 50 minutes on Cloud Run, elsewhere when it is told") {
  const Environment cloud = {{"K_SERVICE", "r"}, {"PORT", "8080"}};
  const Values told = with(kAnonymous, "max-lane-age", {"5m"});
  CHECK(resolve_router(given({}))->max_lane_age == 0ms);
  CHECK(resolve_router(given({}, kAnonymous, cloud))->max_lane_age == 50min);
  CHECK(resolve_router(given({}, told))->max_lane_age == 5min);
  CHECK(resolve_router(given({}, told, cloud))->max_lane_age == 5min);
}

TEST_CASE("resolve: a router limits no address on Cloud Run, or where it is told of a front end") {
  const Environment cloud = {{"K_SERVICE", "r"}, {"PORT", "8080"}};
  const auto plain = resolve_router(given({}));
  REQUIRE(plain.ok());
  CHECK_FALSE(plain->behind_front_end);
  const auto on_cloud = resolve_router(given({}, kAnonymous, cloud));
  REQUIRE(on_cloud.ok());
  CHECK(on_cloud->behind_front_end);
  CHECK(on_cloud->max_lane_age == 50min);
  const Scratch scratch;
  const std::string file = scratch.file("c.json", R"({"serve": {"behind_proxy": true}})");
  for (const auto& told : {resolve_router(given({}, {{"behind-proxy", {"true"}}})),
                           resolve_router(given({}, {}, {{"MINDMELD_BEHIND_PROXY", "true"}})),
                           resolve_router(given({}, {{"config", {file}}}))}) {
    REQUIRE(told.ok());
    CHECK(told->behind_front_end);
    CHECK(told->max_lane_age == 0ms);  // not every front end cuts streams
  }
  // It says nothing of TLS, and nothing of who may.
  const Values open = with(kAnonymous, "listen", {"0.0.0.0:0"});
  CHECK(router_error(with(open, "behind-proxy", {"true"})).find("or --plaintext") !=
        std::string::npos);
}

TEST_CASE("resolve: a router listens at several addresses, from any source") {
  const Scratch scratch;
  const std::string file = scratch.file("c.json", R"({"serve": {"listen": [7000, "[::1]:0"]}})");
  const std::vector<Endpoint> both = {Endpoint::tcp("", 7000), Endpoint::tcp("::1", 0)};
  CHECK(resolve_router(given({}, {{"listen", {"7000", "[::1]:0"}}}))->listen == both);
  CHECK(resolve_router(given({}, {}, {{"MINDMELD_LISTEN", "7000,[::1]:0"}}))->listen == both);
  CHECK(resolve_router(given({}, {{"config", {file}}}))->listen == both);
  CHECK(router_error({{"listen", {"0", "0"}}}) == "(none)");
  CHECK(router_error({{"listen", {"7000", "7000"}}}) ==
        "--listen: \"7000\" is there twice: leave out one");
  CHECK(router_error({{"listen", {"x"}}}) ==
        "--listen: \"x\" is not an address for a router: write PORT or HOST:PORT");
}

TEST_CASE("resolve: a router that others can reach is opened on purpose, and with TLS") {
  const Values open = with(kAnonymous, "listen", {"0.0.0.0:7000"});
  const Values tls = with(with(open, "tls-cert", {"c.pem"}), "tls-key", {"k.pem"});
  for (const char* address : {"0.0.0.0:0", "[::]:0", "relay.example.com:0", "192.0.2.1:0"}) {
    CAPTURE(address);
    CHECK(router_error({{"listen", {"7000", address}}}).find("add --allow-anonymous") !=
          std::string::npos);
    CHECK(router_error(with(kAnonymous, "listen", {address})).find("or --plaintext") !=
          std::string::npos);
    const auto with_home =
        resolve_router(given({}, with(kAnonymous, "listen", {address}), {{"HOME", "/home/ann"}}));
    REQUIRE(with_home.ok());
    CHECK(with_home->own_key_file == "/home/ann/.local/state/mindmeld/router-key.pem");
  }
  for (const char* address : {"127.0.0.2:0", "[::1]:0", "localhost:0", "0"}) {
    CAPTURE(address);
    CHECK(router_error({{"listen", {address}}}) == "(none)");
  }
  CHECK(router_error({{"listen", {"0.0.0.0:7000"}}}) ==
        "a router at 0.0.0.0:7000 would serve whoever reaches it: say who may with --auth-file "
        "FILE (mindmeld router --auth-file FILE --new-pass ID makes one), or add "
        "--allow-anonymous if that is meant");
  CHECK(router_error(open) ==
        "there is no home folder to keep the router's key in: set HOME, or add --tls-cert FILE "
        "and --tls-key FILE, or --plaintext");
  const Environment state = {{"XDG_STATE_HOME", "/var/lib/ann"}};
  CHECK(resolve_router(given({}, open, state))->own_key_file ==
        "/var/lib/ann/mindmeld/router-key.pem");
  CHECK(resolve_router(given({}, tls, state))->own_key_file.empty());
  CHECK(resolve_router(given({}, with(open, "plaintext", {"true"}), state))->own_key_file.empty());
  CHECK(resolve_router(given({}, {}, state))->own_key_file.empty());
  CHECK(router_error(with(open, "plaintext", {"true"})) == "(none)");
  CHECK(router_error(open, {{"K_SERVICE", "r"}}) == "(none)");
  CHECK(router_error(tls) == "(none)");
  CHECK(resolve_router(given({}, tls))->tls_cert_file == "c.pem");
  CHECK(resolve_router(given({}, tls))->tls_key_file == "k.pem");
}

TEST_CASE("resolve: list takes globs or one ticket, whose router gets no pass of another's") {
  const auto globs = resolve_list(given({"web", "ann-*"}, {{"watch", {"true"}}}));
  REQUIRE(globs.ok());
  CHECK(globs->globs == std::vector<std::string>{"web", "ann-*"});
  CHECK(globs->watch);
  const std::string ticket =
      "https://relay.example.com/web#MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8";
  const auto one = resolve_list(given({ticket}, {{"router", {"https://own.example.com"}}},
                                      {{"MINDMELD_PASS", "mm_ann_" + std::string(43, 'A')}}));
  REQUIRE(one.ok());
  CHECK(one->ticket->service == "web");
  CHECK(one->common.router.text() == "https://relay.example.com");
  CHECK(one->common.pass.empty());
  // A ticket names its router, be it the one that is there without a word.
  const auto own = resolve_list(given({"http://127.0.0.1:6353/" + ticket.substr(26)}));
  REQUIRE(own.ok());
  CHECK(own->common.router == RouterUrl());
  CHECK(!own->common.router_is_default);
  CHECK(error_of(resolve_list(given({ticket, "web"}))) ==
        "a ticket is for one service at its own router: leave out the others");
  CHECK(error_of(resolve_list(given({"We b"}))) ==
        "\"We b\" is neither a name, nor one with * or ? in it");
}

TEST_CASE("resolve: a share may end by itself after a time") {
  const auto share = resolve_share(given({"web=3000"}, {{"for", {"8h"}}}));
  REQUIRE(share.ok());
  CHECK(share->life == 8h);
  CHECK(!share->idle_life);
  CHECK(error_of(resolve_share(given({"web=3000"}, {{"idle-exit", {"0s"}}}))) ==
        "--idle-exit: \"0s\" is too short: the least is 1ms");
}

TEST_CASE(
    "resolve: a router shows itself where it is told to, to this machine unless that is meant") {
  CHECK(!resolve_router(given({}))->admin);
  CHECK(resolve_router(given({}, {{"admin", {"6354"}}}))->admin == Endpoint::tcp("", 6354));
  CHECK(router_error({{"admin", {"0.0.0.0:6354"}}}) ==
        "--admin: 0.0.0.0:6354 would show services and addresses to whoever reaches it, in clear: "
        "use localhost, or add --admin-anonymous if that is meant");
  CHECK(router_error({{"admin", {"relay.example.com:6354"}}}) != "");
  const Values open = {{"admin", {"0.0.0.0:6354"}}, {"admin-anonymous", {"true"}}};
  CHECK(resolve_router(given({}, open))->admin == Endpoint::tcp("0.0.0.0", 6354));
}

TEST_CASE("resolve: how much a router may use is a number and a size, from any source") {
  const Scratch scratch;
  const std::string file =
      scratch.file("c.json", R"({"serve": {"max_connections": 100, "max_memory": "512M"}})");
  const auto from_file = resolve_router(given({}, {{"config", {file}}}));
  REQUIRE(from_file.ok());
  CHECK(from_file->max_connections == 100);
  CHECK(from_file->max_memory_bytes == 512u << 20);
  CHECK(resolve_router(given({}, {{"max-memory", {"2G"}}}))->max_memory_bytes == 2ull << 30);
  CHECK(!resolve_router(given({}))->max_connections);
  CHECK(router_error({{"max-connections", {"0"}}}) ==
        "--max-connections: \"0\" is not a number from 1 on");
  CHECK(router_error({{"max-connections", {"10M"}}}) != "");
  CHECK(router_error({{"max-memory", {"512MB"}}}) ==
        "--max-memory: \"512MB\" is not a size: write 512M or 2G");
  CHECK(router_error({{"max-memory", {"99999999999999T"}}}) != "");
}

TEST_CASE("resolve: a certificate needs its key, and a key its certificate") {
  CHECK(router_error({{"tls-cert", {"c.pem"}}}) == "--tls-cert needs --tls-key FILE beside it");
  CHECK(router_error({}, {{"MINDMELD_TLS_KEY", "k.pem"}}) ==
        "MINDMELD_TLS_KEY needs --tls-cert FILE beside it");
}

// ---- share

TEST_CASE("resolve: share takes its services from the command line, or else from the file") {
  const Scratch scratch;
  const std::string file = scratch.file(
      "c.json", R"({"share": {"z": 1, "a": 2}, "dial_timeout": "3s", "no_wait": true})");
  const auto from_file = resolve_share(given({}, {{"config", {file}}}));
  REQUIRE(from_file.ok());
  REQUIRE(from_file->services.size() == 2);
  CHECK(from_file->services[0].name == "z");
  CHECK(from_file->services[1].name == "a");
  CHECK(from_file->dial_timeout == 3s);
  CHECK(from_file->no_wait);

  const auto from_words = resolve_share(given({"web=3000", "db:5432"}, {{"config", {file}}},
                                              {{"USER", "ann"}, {"MINDMELD_DIAL_TIMEOUT", "1s"}}));
  REQUIRE(from_words.ok());
  REQUIRE(from_words->services.size() == 2);
  CHECK(from_words->services[0].name == "web");
  CHECK(from_words->services[1].name == "ann-5432");
  CHECK(from_words->dial_timeout == 1s);
}

TEST_CASE("resolve: a made-up name has the user's, or that of the login") {
  const auto name = [](Environment environment) {
    return resolve_share(given({"3000"}, {}, std::move(environment)))->services[0].name;
  };
  CHECK(name({{"USER", "ann"}, {"LOGNAME", "bob"}}) == "ann-3000");
  CHECK(name({{"USER", ""}, {"LOGNAME", "bob"}}) == "bob-3000");
  CHECK(name({}) == "me-3000");
}

TEST_CASE("resolve: share says what is wrong") {
  const std::string what =
      "share what? Say a port, as in: mindmeld share web=3000 (or have a \"share\" in the "
      "configuration file)";
  const Scratch scratch;
  CHECK(error_of(resolve_share(given({}))) == what);
  CHECK(error_of(resolve_share(
            given({}, {{"config", {scratch.file("c.json", R"({"share": {}})")}}}))) == what);
  CHECK(error_of(resolve_share(given({"web=1", "web=2"}))) ==
        "two services would be called \"web\": give them different names");
  CHECK(error_of(resolve_share(given({"1", "db:1"}))) ==
        "two services would be called \"me-1\": name them, as in web=3000");
  CHECK(error_of(resolve_share(given({"web=1"}, {{"dial-timeout", {"0s"}}}))) ==
        "--dial-timeout: \"0s\" is too short: the least is 1ms");
  CHECK(error_of(resolve_share(given({"web"}))) ==
        "\"web\" is not a target: did you mean web=3000?");
}

// ---- connect

TEST_CASE("resolve: connect takes its services from the command line, or else from the file") {
  const Scratch scratch;
  const std::string file = scratch.file("c.json", R"({"connect": {"z": 1, "a": {}}})");
  const auto from_file = resolve_connect(given({}, {{"config", {file}}, {"hold", {"0s"}}}));
  REQUIRE(from_file.ok());
  REQUIRE(from_file->services.size() == 2);
  CHECK(from_file->services[0].listen == Endpoint::tcp("", 1));
  CHECK(!from_file->services[1].listen);
  CHECK(from_file->hold == 0s);

  const auto from_words = resolve_connect(given({"web"}, {{"no-wait", {"true"}}}));
  REQUIRE(from_words.ok());
  CHECK(from_words->services[0].name == "web");
  CHECK(from_words->hold == 15s);
  CHECK(from_words->no_wait);
}

TEST_CASE("resolve: connect says what is wrong") {
  CHECK(error_of(resolve_connect(given({}))) ==
        "connect to what? Say a service, as in: mindmeld connect web=8080 (or have a \"connect\" "
        "in the configuration file)");
  CHECK(error_of(resolve_connect(given({"web", "web"}))) ==
        "\"web\" is there twice: leave out one");
  CHECK(error_of(resolve_connect(given({"web=80", "db=localhost:80"}))) ==
        "two services would listen at localhost:80: leave out one");
  CHECK(error_of(resolve_connect(given({"web=unix:/a", "db=unix:/a"}))) ==
        "two services would listen at unix:/a: leave out one");
  CHECK(error_of(resolve_connect(given({"web=x"}, {{"hold", {"soon"}}}))) ==
        "web: \"x\" is not an address to listen at: write PORT, HOST:PORT, unix:/path or -");
  CHECK(error_of(resolve_connect(given({"web"}, {{"hold", {"-1s"}}}))) ==
        "--hold: \"-1s\" is not a duration: write 500ms, 10s, 2m, 1h or 3d, up to 30d");
}

TEST_CASE("resolve: one service may have several listeners, and any number a free port") {
  CHECK(resolve_connect(given({"web=0", "db=0", "web=unix:/a", "web=80", "db"})).ok());
}

TEST_CASE("resolve: standard output is for the data of one service, or for events") {
  CHECK(resolve_connect(given({"web=-"})).ok());
  CHECK(error_of(resolve_connect(given({"web=-", "db=-"}))) ==
        "web=- is standard input and output, which has room for one service: leave out the others");
  CHECK(error_of(resolve_connect(given({"db=80", "web=-"}))).find("room for one") !=
        std::string::npos);
  const std::string why =
      "web=- has its data on standard output, where --json has its events: leave out one of them";
  CHECK(error_of(resolve_connect(given({"web=-"}, {{"json", {"true"}}}))) == why);
  CHECK(error_of(resolve_connect(given({"web=-"}, {}, {{"MINDMELD_JSON", "1"}}))) == why);
}

TEST_CASE("resolve: doctor takes a target, a service or a ticket, and tells them apart") {
  CHECK(resolve_doctor(given({}))->patience == std::chrono::seconds(10));
  for (const char* target : {"3000", "db:5432", "[::1]:80", "unix:/run/app.sock"}) {
    const auto config = resolve_doctor(given({target}));
    REQUIRE(config.ok());
    CHECK(config->target.has_value());
    CHECK(!config->service);
  }
  const auto service = resolve_doctor(given({"web"}, {{"patience", {"1m"}}}));
  REQUIRE(service.ok());
  CHECK(service->service->name == "web");
  CHECK(!service->target);
  CHECK(service->patience == std::chrono::minutes(1));
  CHECK(error_of(resolve_doctor(given({"70000"}))).find("70000") != std::string::npos);
  CHECK(error_of(resolve_doctor(given({"web", "3000"}))) ==
        "mindmeld doctor looks at one thing at a time, and got \"web\" and \"3000\"");
}
