// SPDX-License-Identifier: MIT
#include "config/service_list.h"

#include <set>
#include <string>
#include <utility>

#include "config/service.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::StatusOr;

// On a bare port and on localhost it is the same listener.
std::string place(const Endpoint& endpoint) {
  Endpoint same = endpoint;
  if (same.host == "localhost") same.host.clear();
  return same.text();
}

StatusOr<std::vector<SharedService>> checked(std::vector<SharedService> services) {
  std::set<std::string> names;
  for (const SharedService& service : services) {
    if (names.insert(service.name).second) continue;
    return usage_error(
        "two services would be called \"" + service.name + "\": " +
        (service.name_is_made_up ? "name them, as in web=3000" : "give them different names"));
  }
  return services;
}

StatusOr<std::vector<ConnectedService>> checked(std::vector<ConnectedService> services,
                                                bool is_json) {
  std::set<std::string> places;
  for (const ConnectedService& service : services) {
    const bool is_standard = service.listen && service.listen->kind == Endpoint::Kind::kStandard;
    if (is_standard && services.size() > 1) {
      return usage_error(service.name + "=- is standard input and output, which has room for " +
                         "one service: leave out the others");
    }
    if (is_standard && is_json) {
      return usage_error(service.name + "=- has its data on standard output, where --json has " +
                         "its events: leave out one of them");
    }
    const bool is_any_port =
        service.listen && service.listen->kind == Endpoint::Kind::kTcp && service.listen->port == 0;
    if (is_any_port) continue;
    const std::string key = service.listen ? place(*service.listen) : service.name;
    if (places.insert(key).second) continue;
    return usage_error(service.listen ? "two services would listen at " + key + ": leave out one"
                                      : "\"" + service.name + "\" is there twice: leave out one");
  }
  return services;
}

// --ticket-file is for the one service that the command line names, or names it.
StatusOr<std::vector<ConnectedService>> with_ticket_file(std::vector<ConnectedService> services,
                                                         const Setting& setting) {
  if (services.empty()) services.emplace_back();
  if (services.size() > 1 || services[0].ticket) {
    return usage_error(setting.source + " is the ticket of one service: name that one alone, " +
                       "or give the tickets as arguments");
  }
  services[0].ticket_file = setting.values.front();
  return services;
}

}  // namespace

StatusOr<std::vector<SharedService>> shared_services(const Sources& sources, const File& file) {
  if (sources.arguments.positionals.empty()) {
    if (file.share && !file.share->empty()) return checked(*file.share);
    return usage_error("share what? Say a port, as in: mindmeld share web=3000 (or have a " +
                       std::string("\"share\" in the configuration file)"));
  }
  std::string_view user = variable(sources.environment, "USER");
  if (user.empty()) user = variable(sources.environment, "LOGNAME");
  std::vector<SharedService> services;
  for (const std::string& argument : sources.arguments.positionals) {
    auto service = parse_shared(argument, user);
    if (!service.ok()) return service.status();
    services.push_back(*std::move(service));
  }
  return checked(std::move(services));
}

StatusOr<std::vector<ConnectedService>> connected_services(const Sources& sources,
                                                           const Settings& settings,
                                                           const File& file, bool is_json) {
  const Setting* const ticket_file = settings.find("ticket-file");
  if (sources.arguments.positionals.empty() && ticket_file == nullptr) {
    if (file.connect && !file.connect->empty()) return checked(*file.connect, is_json);
    return usage_error("connect to what? Say a service, as in: mindmeld connect web=8080 (or " +
                       std::string("have a \"connect\" in the configuration file)"));
  }
  std::vector<ConnectedService> services;
  for (const std::string& argument : sources.arguments.positionals) {
    auto service = parse_connected(argument);
    if (!service.ok()) return service.status();
    services.push_back(*std::move(service));
  }
  if (ticket_file != nullptr) {
    auto with_file = with_ticket_file(std::move(services), *ticket_file);
    if (!with_file.ok()) return with_file;
    services = *std::move(with_file);
  }
  return checked(std::move(services), is_json);
}

}  // namespace mm::config
