// SPDX-License-Identifier: MIT
#include "admin/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <unordered_set>

#include "base/check.h"
#include "net/bind.h"
#include "ops/log.h"

namespace mm::admin {
namespace {

constexpr int kHeaderBytesMost = 8 << 10;
constexpr int kSilenceS = 10;            // of who has connected; a browser asks each second
constexpr size_t kConnectionsMost = 64;  // more wait in the kernel, and take no descriptor of ours

void log_libevent(int severity, const char* message) {
  const bool is_trouble = severity == EVENT_LOG_WARN || severity == EVENT_LOG_ERR;
  ops::log(is_trouble ? ops::Level::kWarn : ops::Level::kDebug, "admin.http", {{"why", message}});
}

template <auto kFree>
struct Freed {
  template <typename Object>
  void operator()(Object* object) const {
    kFree(object);
  }
};
using Base = std::unique_ptr<event_base, Freed<event_base_free>>;
using Http = std::unique_ptr<evhttp, Freed<evhttp_free>>;
using Event = std::unique_ptr<event, Freed<event_free>>;
using Buffer = std::unique_ptr<evbuffer, Freed<evbuffer_free>>;
using Stream = std::unique_ptr<bufferevent, Freed<bufferevent_decref>>;

HttpRequest request_of(evhttp_request* request) {
  const char* const path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
  const char* const host = evhttp_find_header(evhttp_request_get_input_headers(request), "Host");
  return {path == nullptr ? "" : path, host == nullptr ? "" : host};
}

void send(evhttp_request* request, const HttpResponse& response) {
  evkeyvalq* const headers = evhttp_request_get_output_headers(request);
  const auto add = [&](std::string_view name, std::string_view value) {
    evhttp_add_header(headers, std::string(name).c_str(), std::string(value).c_str());
  };
  add("Content-Type", response.type);
  add("Content-Length", std::to_string(response.body.size()));
  add("Cache-Control", "no-store");
  add("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) add(name, value);
  const Buffer body(evbuffer_new());
  if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
    evbuffer_add(body.get(), response.body.data(), response.body.size());
  }
  evhttp_send_reply(request, response.code, nullptr, body.get());
}

}  // namespace

struct HttpServer::Impl {
  explicit Impl(int stop_fd) : stop_fd(stop_fd) {}
  ~Impl() {
    http.reset();
    close(stop_fd);
  }

  bufferevent* opened();
  void asked(evhttp_request* request);
  void accept_while_there_is_room();

  const int stop_fd;  // readable: the thread ends
  Answer answer;
  Base base{event_base_new()};
  Event stop;
  Event tick;
  std::vector<evconnlistener*> listeners;  // http's
  // libevent tells that a connection ends only of those that have asked something, and gives the
  // others time anew with each byte. So they count until their time is up, and end then.
  struct Silent {
    Stream stream;  // which keeps its descriptor from being another's
    std::chrono::steady_clock::time_point until;
  };
  std::deque<Silent> silent;  // the oldest first
  std::unordered_set<evhttp_connection*> asking;
  Http http{evhttp_new(base.get())};  // goes first
};

bufferevent* HttpServer::Impl::opened() {
  bufferevent* const stream = bufferevent_socket_new(base.get(), -1, BEV_OPT_CLOSE_ON_FREE);
  MM_CHECK(stream != nullptr);
  bufferevent_incref(stream);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(kSilenceS);
  silent.push_back({Stream(stream), until});
  accept_while_there_is_room();
  return stream;
}

void HttpServer::Impl::asked(evhttp_request* request) {
  evhttp_connection* const connection = evhttp_request_get_connection(request);
  if (asking.insert(connection).second) {
    bufferevent* const its = evhttp_connection_get_bufferevent(connection);
    std::erase_if(silent, [its](const Silent& each) { return each.stream.get() == its; });
    const auto closed = [](evhttp_connection* over, void* impl) {
      static_cast<Impl*>(impl)->asking.erase(over);
    };
    evhttp_connection_set_closecb(connection, closed, this);
  }
  send(request, answer(request_of(request)));
}

void HttpServer::Impl::accept_while_there_is_room() {
  const auto now = std::chrono::steady_clock::now();
  for (; !silent.empty() && silent.front().until < now; silent.pop_front()) {
    shutdown(bufferevent_getfd(silent.front().stream.get()), SHUT_RDWR);
  }
  for (evconnlistener* listener : listeners) {
    if (asking.size() + silent.size() < kConnectionsMost) {
      evconnlistener_enable(listener);
    } else {
      evconnlistener_disable(listener);
    }
  }
}

HttpServer::HttpServer() : impl_(std::make_unique<Impl>(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {}

base::StatusOr<std::unique_ptr<HttpServer>> HttpServer::start(const base::Address& address,
                                                              Answer answer) {
  auto bound = net::bind_all(address);
  if (!bound.ok()) return bound.status();
  event_set_log_callback(&log_libevent);
  std::unique_ptr<HttpServer> server(new HttpServer);
  Impl& impl = *server->impl_;
  impl.answer = std::move(answer);
  evhttp* const http = impl.http.get();
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
  evhttp_set_max_headers_size(http, kHeaderBytesMost);
  evhttp_set_max_body_size(http, 0);
  evhttp_set_timeout(http, kSilenceS);
  const auto opened = [](event_base*, void* self) -> bufferevent* {
    return static_cast<Impl*>(self)->opened();
  };
  evhttp_set_bevcb(http, opened, &impl);
  const auto asked = [](evhttp_request* request, void* self) {
    static_cast<Impl*>(self)->asked(request);
  };
  evhttp_set_gencb(http, asked, &impl);
  for (net::BoundSocket& socket : *bound) {
    evhttp_bound_socket* const handle = evhttp_accept_socket_with_handle(http, socket.fd.get());
    MM_CHECK(handle != nullptr);
    socket.fd.release();
    impl.listeners.push_back(evhttp_bound_socket_get_listener(handle));
    server->addresses_.push_back(socket.text);
  }
  const auto stop = [](evutil_socket_t, short, void* base) {
    event_base_loopbreak(static_cast<event_base*>(base));
  };
  impl.stop.reset(event_new(impl.base.get(), impl.stop_fd, EV_READ, stop, impl.base.get()));
  event_add(impl.stop.get(), nullptr);
  const auto tick = [](evutil_socket_t, short, void* self) {
    static_cast<Impl*>(self)->accept_while_there_is_room();
  };
  impl.tick.reset(event_new(impl.base.get(), -1, EV_PERSIST, tick, &impl));
  const timeval second{.tv_sec = 1, .tv_usec = 0};
  event_add(impl.tick.get(), &second);
  server->thread_ = std::thread([base = impl.base.get()] {
    sigset_t all;  // signals are for the loop
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    event_base_dispatch(base);
  });
  return server;
}

HttpServer::~HttpServer() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  MM_CHECK(write(impl_->stop_fd, &one, sizeof one) == sizeof one);
  thread_.join();
}

}  // namespace mm::admin
