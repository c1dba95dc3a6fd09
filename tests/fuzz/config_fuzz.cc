// SPDX-License-Identifier: MIT
// Any text as what people write: the configuration file, a router's people, tickets, URLs,
// targets. It is taken, or refused in one line. (What that line shows of a secret is held by
// tests/e2e/test_bad_input.py.)
#include <string>

#include "base/check.h"
#include "config/endpoint.h"
#include "config/file_reader.h"
#include "config/json.h"
#include "config/people.h"
#include "config/router_url.h"
#include "config/service.h"
#include "config/ticket.h"

using namespace mm;

namespace {

void check_line(const base::Status& status) {
  if (!status.ok()) MM_CHECK(base::message(status).find('\n') == std::string::npos);
}

// Who was added is there, behind all who were.
void check_people(std::string_view text) {
  const auto people = config::parse_people(text, "people.json");
  check_line(people.status());
  const auto longer = config::add_person(text, "people.json", "zoe", {});
  if (!longer.ok()) return check_line(longer.status());
  const auto more = config::parse_people(*longer, "people.json");
  MM_CHECK(more.ok() && more->size() == (people.ok() ? people->size() : 0) + 1);
  MM_CHECK(more->back().id == "zoe");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const config::Trust trust : {config::Trust::kFull, config::Trust::kServicesAlone}) {
    const auto json = config::parse_json(text, "file");
    if (!json.ok()) break;
    config::File file;
    check_line(config::FileReader("file", "/folder/", "/home/ann", trust, file).read(*json));
    (void)config::dump_json(*json);
  }
  const auto ticket = config::parse_ticket(text);
  check_line(ticket.status());
  if (ticket.ok()) {
    const auto again = config::parse_ticket(config::ticket_text(*ticket).reveal());
    MM_CHECK(again.ok() && again->secret.reveal() == ticket->secret.reveal());
    MM_CHECK(again->router == ticket->router && again->service == ticket->service);
  }
  check_line(config::parse_connected(text).status());
  check_line(config::parse_shared(text, "ann").status());
  check_line(config::parse_router_url(text).status());
  check_line(config::parse_listen(text).status());
  check_people(text);
  return 0;
}
