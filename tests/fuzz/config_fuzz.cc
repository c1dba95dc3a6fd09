// SPDX-License-Identifier: MIT
// Any text as what people write: the configuration file, a router's people, tickets, URLs,
// targets. It is taken, or refused in one line; with a ticket's secret anywhere in it, in a line
// that does not show that.
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "config/endpoint.h"
#include "config/file_reader.h"
#include "config/json.h"
#include "config/people.h"
#include "config/router_url.h"
#include "config/service.h"
#include "config/ticket.h"

using namespace mm;

namespace {

constexpr std::string_view kSecret = "qLx3ZT0vN8bUe7RkYc5Wm2JhPd9SgAo4FiXt6QyBnVw";
constexpr size_t kPieceBytes = 12;
// The fuzzer learns the secret's letters from comparisons and writes them itself, where they are no
// secret; with the digits of an escape before them ("\xba...") that would be a piece. A text with
// as many of them is left out.
constexpr size_t kOwnPieceBytes = 6;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// Any piece of it, in any case: a host and a scheme are compared in lower case.
bool shows_secret(std::string_view text, size_t piece_bytes) {
  static const std::string secret = lower_case(kSecret);
  const std::string lower = lower_case(text);
  for (size_t i = 0; i + piece_bytes <= secret.size(); ++i) {
    if (lower.find(std::string_view(secret).substr(i, piece_bytes)) != std::string::npos)
      return true;
  }
  return false;
}

void check_line(const base::Status& status) {
  if (status.ok()) return;
  const std::string line = base::without_secrets(base::message(status));  // as Events::error does
  MM_CHECK(line.find('\n') == std::string::npos);
  MM_CHECK(!shows_secret(line, kPieceBytes));
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

void check(std::string_view text) {
  for (const config::Trust trust : {config::Trust::kFull, config::Trust::kServicesAlone}) {
    const auto json = config::parse_json(text, "file");
    check_line(json.status());
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
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (shows_secret(text, kOwnPieceBytes)) return 0;
  check(text);
  text.insert(size == 0 ? 0 : data[size / 2] % (size + 1), kSecret);
  check(text);
  return 0;
}
