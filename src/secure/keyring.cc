// SPDX-License-Identifier: MIT
#include "secure/keyring.h"

#include <algorithm>
#include <charconv>

#include "base/hex.h"
#include "secure/hkdf.h"

namespace mm::secure {
namespace {

using base::Code;
using base::Secret;
using base::Status;

constexpr std::string_view kHead =
    "# mindmeld keyring: whoever has this file is you. Share it with nobody.";
constexpr std::string_view kNoLabel = "-";
constexpr int64_t kGrantLifeS = 30 * 24 * 60 * 60;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(line.size(), end + 1));
  }
  return words;
}

template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// ticket SERVICE LABEL SERIAL EXPIRES SECRET
std::optional<Grant> parse_grant(const std::vector<std::string_view>& words) {
  Grant grant;
  std::string secret(Grant::kSecretBytes, '\0');
  if (words.size() != 6 || !parse_number(words[3], grant.serial) ||
      !parse_number(words[4], grant.expires_s) ||
      !base::from_hex(words[5], {reinterpret_cast<uint8_t*>(secret.data()), secret.size()})) {
    return std::nullopt;
  }
  grant.service = words[1];
  if (words[2] != kNoLabel) grant.label = words[2];
  grant.secret = Secret(std::move(secret));
  return grant;
}

std::string line_of(const Grant& grant) {
  return "ticket " + grant.service + " " +
         (grant.label.empty() ? std::string(kNoLabel) : grant.label) + " " +
         std::to_string(grant.serial) + " " + std::to_string(grant.expires_s) + " " +
         base::to_hex(bytes_of(grant.secret.reveal()));
}

bool is_for(const Grant& grant, std::string_view service, std::string_view label) {
  return grant.service == service && grant.label == label;
}

}  // namespace

Secret Grant::new_secret(base::Random& random) {
  std::string bytes(kSecretBytes, '\0');
  random.fill({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return Secret(std::move(bytes));
}

base::StatusOr<Keyring> Keyring::open(const std::string& path, base::Random& random) {
  if (path.empty()) {
    return base::error(Code::kUnavailable, "there is no home folder to keep a keyring in");
  }
  Keyring keyring;
  keyring.file_.emplace(path);
  auto text = keyring.file_->read();
  if (!text.ok()) return text.status();
  if (text->empty()) {
    random.fill(keyring.content_.key);
    // Another process may have made it meanwhile: then its key is the one.
    const Status made = keyring.file_->update(random, [&](const std::string& there) {
      return there.empty() ? text_of(keyring.content_) : there;
    });
    if (!made.ok()) return made;
    text = keyring.file_->read();
    if (!text.ok()) return text.status();
  }
  std::optional<Content> content = parse(*text);
  base::wipe(*text);
  if (!content) {
    return base::error(Code::kInvalidArgument,
                       path + " is not a keyring: move it away, and a new one is made");
  }
  keyring.content_ = *std::move(content);
  return keyring;
}

Keyring Keyring::temporary(base::Random& random) {
  Keyring keyring;
  random.fill(keyring.content_.key);
  return keyring;
}

bool Keyring::reload() {
  if (!file_ || !file_->has_changed()) return false;
  const auto text = file_->read();
  std::optional<Content> content = text.ok() ? parse(*text) : std::nullopt;
  if (!content || content->key != content_.key) return false;
  content_ = *std::move(content);
  return true;
}

// Nothing: it has no key, or a line that begins as one of ours is not.
std::optional<Keyring::Content> Keyring::parse(std::string_view text) {
  Content content;
  bool has_key = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() == 3 && words[0] == "key" && words[1] == "ed25519") {
      if (has_key || !base::from_hex(words[2], content.key)) return std::nullopt;
      has_key = true;
    } else if (!words.empty() && words[0] == "ticket") {
      std::optional<Grant> grant = parse_grant(words);
      if (!grant) return std::nullopt;
      content.grants.push_back(*std::move(grant));
    } else if (!words.empty() && words[0] == "kept") {
      if (words.size() != 3) return std::nullopt;
      content.kept.insert_or_assign(std::string(words[1]), Secret(std::string(words[2])));
    } else if (!line.empty() && line != kHead) {
      content.others.emplace_back(line);
    }
  }
  if (!has_key) return std::nullopt;
  return content;
}

std::string Keyring::text_of(const Content& content) {
  std::string text = std::string(kHead) + "\nkey ed25519 " + base::to_hex(content.key) + "\n";
  for (const Grant& grant : content.grants) text += line_of(grant) + "\n";
  for (const auto& [name, ticket] : content.kept) {
    text += "kept " + name + " " + std::string(ticket.reveal()) + "\n";
  }
  for (const std::string& line : content.others) text += line + "\n";
  return text;
}

// Here in any case; in the file, to what it says by now.
Status Keyring::change(base::Random& random, const std::function<void(Content&)>& how) {
  how(content_);
  if (!file_) return absl::OkStatus();
  std::optional<Content> changed;
  const Status status =
      file_->update(random, [&](const std::string& text) -> base::StatusOr<std::string> {
        changed = parse(text);
        if (!changed || changed->key != content_.key) {
          return base::error(Code::kUnavailable,
                             "the keyring " + file_->path() + " is another one by now");
        }
        how(*changed);
        return text_of(*changed);
      });
  if (status.ok()) content_ = *std::move(changed);
  return status;
}

std::string Keyring::owner_proof(std::string_view router_origin, std::string_view service) const {
  const Secret proof =
      derive("owner v1|" + std::string(router_origin) + "|" + std::string(service));
  return base::to_hex(bytes_of(proof.reveal()));
}

Identity Keyring::identity() const { return Identity::from_seed(content_.key); }

Secret Keyring::own_secret(std::string_view service) const {
  return Secret(std::string(
      derive("ticket v1|" + std::string(service)).reveal().substr(0, Grant::kSecretBytes)));
}

Secret Keyring::derive(std::string_view info) const {
  const std::string_view key(reinterpret_cast<const char*>(content_.key.data()),
                             content_.key.size());
  const Digest derived = hkdf(key, info);
  return Secret(std::string(reinterpret_cast<const char*>(derived.data()), derived.size()));
}

std::vector<Grant> Keyring::grants(std::string_view service) const {
  std::vector<Grant> found;
  std::copy_if(content_.grants.begin(), content_.grants.end(), std::back_inserter(found),
               [&](const Grant& grant) { return grant.service == service; });
  return found;
}

Keyring::Granted Keyring::grant(std::string_view service, std::string_view label, bool renew,
                                int64_t now_s, base::Random& random) {
  for (const Grant& grant : content_.grants) {
    const bool is_good = is_for(grant, service, label) && now_s < grant.expires_s;
    if (is_good && !renew) return {grant, absl::OkStatus()};
  }
  Grant grant;
  grant.service = service;
  grant.label = label;
  grant.expires_s = now_s + kGrantLifeS;
  grant.secret = Grant::new_secret(random);
  Status kept = change(random, [&](Content& content) {
    for (const Grant& other : content.grants) {
      if (other.service == service) grant.serial = std::max(grant.serial, other.serial + 1);
    }
    std::erase_if(content.grants,
                  [&](const Grant& other) { return is_for(other, service, label); });
    content.grants.push_back(grant);
  });
  return {std::move(grant), std::move(kept)};
}

Status Keyring::revoke_all(std::string_view service, base::Random& random) {
  if (grants(service).empty()) return absl::OkStatus();
  return change(random, [&](Content& content) {
    std::erase_if(content.grants, [&](const Grant& grant) { return grant.service == service; });
  });
}

std::optional<Secret> Keyring::kept_ticket(std::string_view name) const {
  const auto found = content_.kept.find(name);
  if (found == content_.kept.end()) return std::nullopt;
  return found->second;
}

Status Keyring::keep_ticket(std::string_view name, const Secret& ticket, base::Random& random) {
  const auto found = content_.kept.find(name);
  if (found != content_.kept.end() && found->second.reveal() == ticket.reveal()) {
    return absl::OkStatus();
  }
  return change(
      random, [&](Content& content) { content.kept.insert_or_assign(std::string(name), ticket); });
}

}  // namespace mm::secure
