// SPDX-License-Identifier: MIT
#include "router/lane_request.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "config/service.h"
#include "router/limits.h"

namespace mm::router {
namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Nothing unless the key is there exactly once.
std::optional<std::string_view> value_of(const Metadata& metadata, const char* key) {
  const auto [begin, end] = metadata.equal_range(key);
  if (begin == end || std::next(begin) != end) return std::nullopt;
  return std::string_view(begin->second.data(), begin->second.size());
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

base::Status malformed(std::string_view key, std::string_view wanted) {
  return base::error(base::Code::kInvalidArgument,
                     "metadata " + std::string(key) + ": wanted once, and " + std::string(wanted));
}

}  // namespace

base::StatusOr<LaneRequest> parse_lane_request(const Metadata& metadata) {
  LaneRequest request;
  const std::optional<std::string_view> token = value_of(metadata, "mindmeld-token");
  const std::optional<base::Token> parsed = token ? base::Token::parse(*token) : std::nullopt;
  if (!parsed) return malformed("mindmeld-token", "64 lower-case hex digits");
  request.token = *parsed;

  const std::optional<std::string_view> role = value_of(metadata, "mindmeld-role");
  if (role != "share" && role != "connect") return malformed("mindmeld-role", "share or connect");
  request.role = role == "share" ? Role::kShare : Role::kConnect;

  const std::optional<std::string_view> service = value_of(metadata, "mindmeld-service");
  if (!service || !config::check_name(*service).ok()) {
    return malformed("mindmeld-service", "a service's name");
  }
  request.service = *service;

  const std::optional<std::string_view> generation = value_of(metadata, "mindmeld-generation");
  const std::optional<uint64_t> number = generation ? parse_number(*generation) : std::nullopt;
  if (!number) return malformed("mindmeld-generation", "a decimal number");
  request.generation = *number;

  if (metadata.contains("mindmeld-share")) {
    const std::optional<std::string_view> instance = value_of(metadata, "mindmeld-share");
    if (!instance || instance->size() > kInstanceBytesMost) {
      return malformed("mindmeld-share", "at most 64 bytes, or not at all");
    }
    request.share_instance = *instance;
  }

  return request;
}

}  // namespace mm::router
