// SPDX-License-Identifier: MIT
// The grammar of the configuration file: walks over its JSON and fills a File. Used by file.cc
// alone.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "config/file.h"
#include "config/json.h"

namespace mm::config {

enum class Trust {
  kFull,
  kServicesAlone,  // a mindmeld.json in the current folder
};

class FileReader {
 public:
  // `name` is what errors call the file. Relative paths in it are relative to `folder` (empty, or
  // with a '/' at the end), and ~/ is `home`. `file` outlives the reader; its sections are replaced
  // by those that are read.
  FileReader(std::string name, std::string folder, std::string home, Trust trust, File& file);

  base::Status read(const Json& root);

 private:
  base::Status read_member(std::string_view key, const Json& value);
  base::Status read_option(std::string_view path, const Option& option, const Json& value);
  base::Status read_serve(const Json& section);
  base::Status read_share(const Json& section);
  base::Status read_connect(const Json& section);

  // The text of a service: itself, or that of its member `key` where it is an object.
  base::StatusOr<std::string> service_text(std::string_view path, std::string_view key,
                                           const Json& value) const;
  base::StatusOr<Json> take_ticket_file(std::string_view path, const Json& value,
                                        ConnectedService& service) const;
  std::string absolute(const std::string& path) const;
  base::Status fail(size_t line, std::string_view what) const;

  std::string name_;
  std::string folder_;
  std::string home_;
  Trust trust_;
  File& file_;
};

}  // namespace mm::config
