// SPDX-License-Identifier: MIT
#include "admin/metrics.h"

#include <cstdio>
#include <string_view>

namespace mm::admin {
namespace {

std::string number(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.17g", value);
  return text;
}

class Text {
 public:
  void gauge(std::string_view name, std::string_view help, double value) {
    metric(name, "gauge", help);
    sample(name, "", number(value));
  }
  void counter(std::string_view name, std::string_view help, double value) {
    metric(name, "counter", help);
    sample(name, "", number(value));
  }

  // What the samples that follow are of.
  void metric(std::string_view name, std::string_view type, std::string_view help) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  // `labels`: "{reason=\"pass\"}", or none. Their values are ours: nothing to escape.
  void sample(std::string_view name, std::string_view labels, std::string_view value) {
    text_.append(name).append(labels).append(" ").append(value).append("\n");
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_now(Text& text, const Snapshot& snapshot) {
  text.metric("mindmeld_router_build_info", "gauge", "Always 1; the label is the version.");
  text.sample("mindmeld_router_build_info", "{version=\"" MM_VERSION "\"}", "1");
  text.gauge("mindmeld_router_draining", "1 once it ends: it takes nothing new.",
             snapshot.is_draining ? 1 : 0);
  text.gauge("mindmeld_router_services", "Services that are registered.",
             static_cast<double>(snapshot.services));
  text.gauge("mindmeld_router_services_away", "Services whose share is lost while they are used.",
             static_cast<double>(snapshot.services_away));
  text.gauge("mindmeld_router_connections", "Forwarded connections that are open.",
             static_cast<double>(snapshot.connections));
  text.gauge("mindmeld_router_connections_max", "--max-connections; 0 is no limit.",
             static_cast<double>(snapshot.most_connections));
  text.gauge("mindmeld_router_memory_max_bytes", "--max-memory; 0 is no limit.",
             static_cast<double>(snapshot.most_memory_bytes));
  text.gauge("mindmeld_router_lanes_waiting", "Streams that wait for their other end.",
             static_cast<double>(snapshot.lanes_waiting));
  text.gauge("mindmeld_router_tokens_unused", "Tokens that nobody has used yet.",
             static_cast<double>(snapshot.tokens_unused));
}

void add_totals(Text& text, const Snapshot& snapshot) {
  text.counter("mindmeld_router_connections_total", "Forwarded connections that were opened.",
               static_cast<double>(snapshot.connections_opened));
  text.counter("mindmeld_router_reattaches_total", "Connections that went on over new streams.",
               static_cast<double>(snapshot.reattached));
  text.counter("mindmeld_router_moves_total", "Connections asked to move by --max-lane-age.",
               static_cast<double>(snapshot.moves_asked));
  constexpr std::string_view kBytes = "mindmeld_router_bytes_total";
  text.metric(kBytes, "counter", "Bytes forwarded, frames included; up is from connect to share.");
  text.sample(kBytes, "{direction=\"up\"}", std::to_string(snapshot.up_bytes));
  text.sample(kBytes, "{direction=\"down\"}", std::to_string(snapshot.down_bytes));
  constexpr std::string_view kRefusals = "mindmeld_router_refusals_total";
  text.metric(kRefusals, "counter", "What was refused, dropped or cut, by reason.");
  for (const auto& [reason, count] : snapshot.refusals) {
    text.sample(kRefusals, "{reason=\"" + reason + "\"}", std::to_string(count));
  }
}

// As every exporter of Prometheus names them.
void add_process(Text& text, const Snapshot& snapshot, const ops::ProcessUse& process) {
  text.counter("process_cpu_seconds_total", "Processor time used.", process.cpu_s);
  text.gauge("process_open_fds", "Open file descriptors.",
             static_cast<double>(process.open_descriptors));
  text.gauge("process_max_fds", "File descriptors that may be open.",
             static_cast<double>(process.most_descriptors));
  text.gauge("process_resident_memory_bytes", "Memory in use.",
             static_cast<double>(process.resident_bytes));
  text.gauge("process_virtual_memory_bytes", "Address space in use.",
             static_cast<double>(process.virtual_bytes));
  text.gauge("process_start_time_seconds", "When it started, Unix time.",
             static_cast<double>(snapshot.start_time_s));
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot, const ops::ProcessUse& process) {
  Text text;
  add_now(text, snapshot);
  add_totals(text, snapshot);
  add_process(text, snapshot, process);
  return text.take();
}

}  // namespace mm::admin
