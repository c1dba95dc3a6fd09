// SPDX-License-Identifier: MIT
#include "config/file_reader.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "base/text.h"
#include "config/endpoint.h"
#include "config/service.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::in_quotes;
using base::message;
using base::Status;
using base::StatusOr;
using Kind = Json::Kind;

constexpr std::string_view kSections[] = {"share", "connect", "serve"};

std::vector<std::string> known_keys(Reach reach) {
  std::vector<std::string> known;
  for (const Option& option : options()) {
    if (option.reach == reach) known.push_back(option.key());
  }
  if (reach == Reach::kFile) known.insert(known.end(), std::begin(kSections), std::end(kSections));
  return known;
}

std::string joined(std::string_view section, std::string_view key) {
  return std::string(section) + "." + std::string(key);
}

std::string not_a_key(std::string_view path, std::string_view key,
                      const std::vector<std::string>& known) {
  if (path == key && find_key(key, Reach::kServeSection) != nullptr) {
    return in_quotes(key) + " belongs within \"serve\"";
  }
  const std::string suggestion = base::did_you_mean(key, known);
  if (!suggestion.empty()) return in_quotes(path) + " is not a key" + suggestion;
  return in_quotes(path) + " is not a key" +
         (known.size() == 1 ? ": write \"" + known[0] + "\""
                            : ": keys are named like flags, as in \"pass_file\"");
}

bool is_scalar(const Json& value) {
  return value.kind == Kind::kNumber || value.kind == Kind::kString;
}

bool is_list_of_scalars(const Json& value) {
  return value.kind == Kind::kList && !value.items.empty() &&
         std::all_of(value.items.begin(), value.items.end(), is_scalar);
}

bool takes(Type type, const Json& value) {
  switch (type) {
    case Type::kSwitch:
      return value.kind == Kind::kBool;
    case Type::kCount:
      return value.kind == Kind::kBool || value.kind == Kind::kNumber;
    case Type::kText:
    case Type::kPath:
    case Type::kDuration:
      return value.kind == Kind::kString;
    case Type::kNumber:
      return value.kind == Kind::kNumber;
    case Type::kSize:
      return value.kind == Kind::kNumber || value.kind == Kind::kString;
    case Type::kList:
      return is_scalar(value) || is_list_of_scalars(value);
  }
  return false;
}

std::string_view wanted(Type type) {
  switch (type) {
    case Type::kSwitch:
      return "true or false";
    case Type::kCount:
      return "a number";
    case Type::kText:
    case Type::kPath:
      return "a text in quotes";
    case Type::kNumber:
      return "a number";
    case Type::kSize:
      return "a size in quotes, as in \"512M\"";
    case Type::kDuration:
      return "a duration in quotes, as in \"10s\"";
    case Type::kList:
      return "a list of strings";
  }
  return "";
}

}  // namespace

FileReader::FileReader(std::string name, std::string folder, std::string home, Trust trust,
                       File& file)
    : name_(std::move(name)),
      folder_(std::move(folder)),
      home_(std::move(home)),
      trust_(trust),
      file_(file) {}

Status FileReader::read(const Json& root) {
  if (root.kind != Kind::kObject) return fail(root.line, "the file must hold one { object }");
  for (size_t i = 0; i < root.items.size(); ++i) {
    if (Status status = read_member(root.keys[i], root.items[i]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Status FileReader::read_member(std::string_view key, const Json& value) {
  if (key == "share") return read_share(value);
  if (key == "connect") return read_connect(value);
  const Option* option = find_key(key, Reach::kFile);
  if (option == nullptr && key != "serve") {
    return fail(value.line, not_a_key(key, key, known_keys(Reach::kFile)));
  }
  if (trust_ == Trust::kServicesAlone) {
    return fail(value.line, "a mindmeld.json in the current directory must not " +
                                (key == "router" ? "name a router" : "have " + in_quotes(key)) +
                                ", since it may be somebody else's: if it is yours, add --config " +
                                name_);
  }
  return option == nullptr ? read_serve(value) : read_option(key, *option, value);
}

Status FileReader::read_option(std::string_view path, const Option& option, const Json& value) {
  if (!takes(option.type, value)) {
    return fail(value.line, in_quotes(path) + " must be " + std::string(wanted(option.type)));
  }
  std::vector<std::string> values;
  if (value.kind != Kind::kList) values.push_back(value.text);
  for (const Json& item : value.items) values.push_back(item.text);
  for (std::string& text : values) {
    if (text.empty())
      return fail(value.line, in_quotes(path) + " is empty: give it a value, or leave it out");
    if (option.type == Type::kPath) text = absolute(text);
  }
  const std::string source = name_ + ":" + std::to_string(value.line) + ": " + in_quotes(path);
  file_.settings.emplace_back(option.name, Setting{std::move(values), Origin::kFile, source});
  return absl::OkStatus();
}

Status FileReader::read_serve(const Json& section) {
  if (section.kind != Kind::kObject) return fail(section.line, "\"serve\" must be an { object }");
  for (size_t i = 0; i < section.items.size(); ++i) {
    const Json& value = section.items[i];
    const std::string path = joined("serve", section.keys[i]);
    const Option* option = find_key(section.keys[i], Reach::kServeSection);
    if (option == nullptr) {
      return fail(value.line, not_a_key(path, section.keys[i], known_keys(Reach::kServeSection)));
    }
    if (Status status = read_option(path, *option, value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Status FileReader::read_share(const Json& section) {
  if (section.kind != Kind::kObject) {
    return fail(section.line, "\"share\" must be an { object } of names and targets");
  }
  std::vector<SharedService>& services = file_.share.emplace();
  for (size_t i = 0; i < section.items.size(); ++i) {
    const std::string& name = section.keys[i];
    const Json& value = section.items[i];
    if (Status status = check_name(name); !status.ok()) return fail(value.line, message(status));
    const std::string path = joined("share", name);
    const auto text = service_text(path, "target", value);
    if (!text.ok()) return text.status();
    auto target = parse_target(*text);
    if (!target.ok()) return fail(value.line, in_quotes(path) + ": " + message(target.status()));
    services.push_back({name, false, *std::move(target)});
  }
  return absl::OkStatus();
}

Status FileReader::read_connect(const Json& section) {
  if (section.kind != Kind::kObject) {
    return fail(section.line, "\"connect\" must be an { object } of names and listeners");
  }
  std::vector<ConnectedService>& services = file_.connect.emplace();
  for (size_t i = 0; i < section.items.size(); ++i) {
    const std::string& name = section.keys[i];
    const Json& value = section.items[i];
    if (Status status = check_name(name); !status.ok()) return fail(value.line, message(status));
    ConnectedService& service = services.emplace_back();
    service.name = name;
    const std::string path = joined("connect", name);
    const auto rest = take_ticket_file(path, value, service);
    if (!rest.ok()) return rest.status();
    if (rest->kind == Kind::kObject && rest->items.empty()) continue;  // the service's own port
    const auto text = service_text(path, "listen", *rest);
    if (!text.ok()) return text.status();
    auto listen = parse_listen(*text);
    if (!listen.ok()) return fail(value.line, in_quotes(path) + ": " + message(listen.status()));
    service.listen = *std::move(listen);
  }
  return absl::OkStatus();
}

// What is left of a connected service's object without its "ticket_file".
StatusOr<Json> FileReader::take_ticket_file(std::string_view path, const Json& value,
                                            ConnectedService& service) const {
  const auto key = std::find(value.keys.begin(), value.keys.end(), "ticket_file");
  if (key == value.keys.end()) return value;
  const auto index = key - value.keys.begin();
  const Json& file = value.items[static_cast<size_t>(index)];
  const std::string whole = joined(path, *key);
  if (trust_ == Trust::kServicesAlone) {
    return fail(file.line, "a mindmeld.json in the current directory must not have " +
                               in_quotes(whole) + ", since it may be somebody else's: if it is " +
                               "yours, add --config " + name_);
  }
  if (file.kind != Kind::kString || file.text.empty()) {
    return fail(file.line, in_quotes(whole) + " must be a text in quotes");
  }
  service.ticket_file = absolute(file.text);
  Json rest = value;
  rest.keys.erase(rest.keys.begin() + index);
  rest.items.erase(rest.items.begin() + index);
  return rest;
}

StatusOr<std::string> FileReader::service_text(std::string_view path, std::string_view key,
                                               const Json& value) const {
  if (is_scalar(value)) return value.text;
  for (size_t i = 0; i < value.keys.size(); ++i) {
    if (value.keys[i] == key) continue;
    return fail(value.items[i].line,
                not_a_key(joined(path, value.keys[i]), value.keys[i], {std::string(key)}));
  }
  if (value.keys.size() == 1 && is_scalar(value.items[0])) return value.items[0].text;
  return fail(value.line, in_quotes(path) + " must be a port, a string, or { \"" +
                              std::string(key) + "\": ... }");
}

std::string FileReader::absolute(const std::string& path) const {
  if (path.starts_with("~/") && !home_.empty()) return home_ + path.substr(1);
  return path.starts_with('/') ? path : folder_ + path;
}

Status FileReader::fail(size_t line, std::string_view what) const {
  return usage_error(name_ + ":" + std::to_string(line) + ": " + std::string(what));
}

}  // namespace mm::config
