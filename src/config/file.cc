// SPDX-License-Identifier: MIT
#include "config/file.h"

#include "base/file.h"
#include "base/text.h"
#include "config/file_reader.h"
#include "config/json.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::Status;
using base::StatusOr;

Status cannot_read(const std::string& path, const std::string& why) {
  return usage_error("cannot read the configuration file " + base::printable_path(path) + ": " +
                     why);
}

// Adds what `path` holds to `file`. False: it does not exist.
StatusOr<bool> read_into(File& file, const std::string& path, Trust trust,
                         const Environment& environment) {
  const auto text = base::read_file(path);
  if (text.status().code() == base::Code::kNotFound) return false;
  if (!text.ok()) return cannot_read(path, base::message(text.status()));
  const auto json = parse_json(*text, base::printable_path(path));
  if (!json.ok()) return json.status();
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  FileReader reader(base::printable_path(path), folder, std::string(variable(environment, "HOME")),
                    trust, file);
  if (Status status = reader.read(*json); !status.ok()) return status;
  return true;
}

// By the base directory specification: a relative path in the variable is to be ignored.
std::string base_file(const Environment& environment, std::string_view folder_variable,
                      std::string_view folder_at_home, std::string_view name) {
  const std::string_view folder = variable(environment, folder_variable);
  const std::string_view home = variable(environment, "HOME");
  const std::string file = "/mindmeld/" + std::string(name);
  if (folder.starts_with('/')) return std::string(folder) + file;
  if (home.starts_with('/')) return std::string(home) + std::string(folder_at_home) + file;
  return "";
}

}  // namespace

std::string user_file(const Environment& environment, std::string_view name) {
  return base_file(environment, "XDG_CONFIG_HOME", "/.config", name);
}

std::string state_file(const Environment& environment, std::string_view name) {
  return base_file(environment, "XDG_STATE_HOME", "/.local/state", name);
}

StatusOr<File> read_files(const std::string& named, const Environment& environment,
                          const std::string& folder) {
  File file;
  if (!named.empty()) {
    const auto exists = read_into(file, named, Trust::kFull, environment);
    if (!exists.ok()) return exists.status();
    if (!*exists) return cannot_read(named, "it does not exist");
    return file;
  }
  if (const std::string path = user_file(environment, "config.json"); !path.empty()) {
    const auto exists = read_into(file, path, Trust::kFull, environment);
    if (!exists.ok()) return exists.status();
  }
  const std::string local = folder.empty() ? "mindmeld.json" : folder + "/mindmeld.json";
  const auto exists = read_into(file, local, Trust::kServicesAlone, environment);
  if (!exists.ok()) return exists.status();
  return file;
}

}  // namespace mm::config
