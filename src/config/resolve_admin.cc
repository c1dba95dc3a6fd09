// SPDX-License-Identifier: MIT
#include "config/resolve_admin.h"

#include "base/text.h"
#include "config/endpoint.h"
#include "config/usage_error.h"

namespace mm::config {

base::Status resolve_admin(const Settings& settings, RouterConfig& config) {
  const auto connections = settings.number("max-connections");
  if (!connections.ok()) return connections.status();
  config.max_connections = *connections;
  const auto memory_bytes = settings.size_bytes("max-memory");
  if (!memory_bytes.ok()) return memory_bytes.status();
  config.max_memory_bytes = *memory_bytes;

  const auto is_open = settings.is_on("admin-anonymous");
  if (!is_open.ok()) return is_open.status();
  const Setting* const admin = settings.find("admin");
  if (admin == nullptr) return absl::OkStatus();
  auto endpoint = parse_router_listen(admin->values.front());
  if (!endpoint.ok()) return base::within(endpoint.status(), admin->source);
  if (!base::is_loopback(endpoint->host) && !*is_open) {
    return usage_error(admin->source + ": " + endpoint->text() +
                       " would show services and addresses to whoever reaches it, in clear: use " +
                       "localhost, or add --admin-anonymous if that is meant");
  }
  config.admin = *std::move(endpoint);
  return absl::OkStatus();
}

}  // namespace mm::config
