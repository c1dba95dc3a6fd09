// SPDX-License-Identifier: MIT
#include "config/people.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/hex.h"
#include "base/suggest.h"
#include "base/text.h"
#include "config/json.h"
#include "config/service.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::in_quotes;
using base::Status;
using base::StatusOr;
using Kind = Json::Kind;

constexpr const char* kNewPass = "mindmeld router --auth-file FILE --new-pass ID makes it";

constexpr std::pair<std::string_view, Verb> kVerbs[] = {
    {"share", kMayShare}, {"connect", kMayConnect}, {"list", kMayList}};

std::optional<int> parse_digits(std::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

// "2027-01-31" is its first second, "2027-01-31T08:00:00Z" that one; in UTC (RFC 3339).
std::optional<int64_t> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
  constexpr size_t kDateBytes = 10;
  if (text.size() != kDateBytes && text.size() != kForm.size()) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    if (kForm[i] != 'd' && kForm[i] != text[i]) return std::nullopt;
  }
  const auto year = parse_digits(text.substr(0, 4));
  const auto month = parse_digits(text.substr(5, 2));
  const auto day = parse_digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const auto midnight = std::chrono::sys_days(date).time_since_epoch();
  const int64_t midnight_s = std::chrono::duration_cast<std::chrono::seconds>(midnight).count();
  if (text.size() == kDateBytes) return midnight_s;
  const auto hour = parse_digits(text.substr(11, 2));
  const auto minute = parse_digits(text.substr(14, 2));
  const auto second = parse_digits(text.substr(17, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  return midnight_s + *hour * 3'600 + *minute * 60 + *second;
}

// Reads the whole of one file.
class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  StatusOr<std::vector<Person>> read(const Json& root) {
    if (root.kind != Kind::kObject) return fail(root, "the file must hold one { object }");
    for (size_t i = 0; i < root.items.size(); ++i) {
      if (root.keys[i] != "people") return unknown(root, i, {"people"});
    }
    if (root.items.empty() || root.items[0].kind != Kind::kList) {
      return fail(root, "the file must have a list: { \"people\": [] }");
    }
    std::vector<Person> people;
    std::set<std::string> ids;
    for (const Json& item : root.items[0].items) {
      auto person = read_person(item);
      if (!person.ok()) return person.status();
      if (!ids.insert(person->id).second)
        return fail(item, in_quotes(person->id) + " is there twice");
      people.push_back(*std::move(person));
    }
    return people;
  }

 private:
  StatusOr<Person> read_person(const Json& item) {
    if (item.kind != Kind::kObject) return fail(item, "a person must be an { object }");
    Person person;
    for (size_t i = 0; i < item.items.size(); ++i) {
      if (Status status = read_member(item, i, person); !status.ok()) return status;
    }
    if (person.id.empty()) return fail(item, std::string("a person needs an \"id\": ") + kNewPass);
    if (person.passes.empty())
      return fail(item, in_quotes(person.id) + " needs the \"sha256\" of a pass: " + kNewPass);
    return person;
  }

  Status read_member(const Json& item, size_t index, Person& person) {
    const std::string& key = item.keys[index];
    const Json& value = item.items[index];
    if (key == "id") {
      if (Status status = check_person_id(value.kind == Kind::kString ? value.text : "");
          !status.ok()) {
        return fail(value, base::message(status));
      }
      person.id = value.text;
      return absl::OkStatus();
    }
    if (key == "expires") {
      person.expires_s = value.kind == Kind::kString ? parse_time(value.text) : std::nullopt;
      if (person.expires_s) return absl::OkStatus();
      return fail(value, "\"expires\" must be as \"2027-01-31\" or \"2027-01-31T08:00:00Z\"");
    }
    if (key != "verbs" && key != "names" && key != "sha256") {
      return unknown(item, index, {"id", "verbs", "names", "sha256", "expires"});
    }
    const bool may_be_text = key == "sha256" && value.kind == Kind::kString;
    if (!may_be_text && value.kind != Kind::kList) {
      return fail(value, in_quotes(key) + " must be a list of strings");
    }
    if (key == "verbs") person.verbs = 0;
    if (key == "names") person.names.clear();
    for (const Json& each : may_be_text ? std::vector<Json>{value} : value.items) {
      if (Status status = add_item(key, each, person); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  Status add_item(const std::string& key, const Json& item, Person& person) {
    const std::string text = item.kind == Kind::kString ? item.text : "";
    if (key == "verbs") {
      const auto verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                     [&](const auto& each) { return each.first == text; });
      if (verb == std::end(kVerbs)) {
        return fail(item, in_quotes(text) + " is no verb: write share, connect or list");
      }
      person.verbs |= verb->second;
    } else if (key == "names") {
      if (!is_glob(text)) {
        return fail(item, in_quotes(text) +
                              " fits no service: write a name, in which * stands for " +
                              "any text and ? for any character");
      }
      person.names.push_back(text);
    } else {
      if (!base::from_hex(text, person.passes.emplace_back())) {
        return fail(item, std::string("\"sha256\" must be 64 lower-case hex digits: ") + kNewPass);
      }
    }
    return absl::OkStatus();
  }

  Status unknown(const Json& object, size_t index, const std::vector<std::string>& known) {
    const std::string& key = object.keys[index];
    std::string what = base::did_you_mean(key, known);
    if (what.empty()) {
      for (const std::string& each : known) what += (what.empty() ? ": keys are " : ", ") + each;
    }
    return fail(object.items[index], in_quotes(key) + " is not a key" + what);
  }

  Status fail(const Json& where, const std::string& what) const {
    return usage_error(std::string(file_) + ":" + std::to_string(where.line) + ": " + what);
  }

  const std::string_view file_;
};

std::string entry_of(const std::string& id, const std::array<uint8_t, 32>& pass_sha256) {
  return R"({"id": ")" + id + R"(", "verbs": ["share", "connect", "list"], "names": ["*"],)" +
         "\n     " + R"("sha256": ")" + base::to_hex(pass_sha256) + R"("})";
}

}  // namespace

std::string_view verb_name(Verb verb) {
  for (const auto& [name, each] : kVerbs) {
    if (each == verb) return name;
  }
  return "";
}

bool Person::may(Verb verb, std::string_view service) const {
  return (verbs & verb) != 0 &&
         std::any_of(names.begin(), names.end(),
                     [&](const std::string& glob) { return matches(glob, service); });
}

StatusOr<std::vector<Person>> parse_people(std::string_view text, std::string_view file) {
  const auto json = parse_json(text, file);
  if (!json.ok()) return json.status();
  return Reader(file).read(*json);
}

// Where the list ends in the text is found by trying: the result must say what was meant.
StatusOr<std::string> add_person(std::string_view text, std::string_view file,
                                 const std::string& id,
                                 const std::array<uint8_t, 32>& pass_sha256) {
  if (Status status = check_person_id(id); !status.ok()) return status;
  const std::string entry = entry_of(id, pass_sha256);
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return "{\n  \"people\": [\n    " + entry + "\n  ]\n}\n";
  }
  auto people = parse_people(text, file);
  if (!people.ok()) return people.status();
  if (std::any_of(people->begin(), people->end(),
                  [&](const auto& each) { return each.id == id; })) {
    return base::error(base::Code::kAlreadyExists, std::string(file) + " has " + in_quotes(id) +
                                                       " already: take them out first, or give " +
                                                       "another id");
  }
  const bool is_first = people->empty();
  people->push_back({.id = id, .names = {"*"}, .passes = {pass_sha256}, .expires_s = {}});
  for (size_t end = text.rfind(']'); end != std::string_view::npos && end > 0;
       end = text.rfind(']', end - 1)) {
    const size_t last = text.find_last_not_of(" \t\r\n", end - 1);
    const std::string before(text.substr(0, last + 1));
    // A comment may follow the last person on its line.
    for (const std::string_view separator : {is_first ? "" : ",", is_first ? "" : "\n    ,"}) {
      std::string longer = before + std::string(separator) + "\n    " + entry + "\n  ";
      longer += text.substr(end);
      const auto parsed = parse_people(longer, file);
      if (parsed.ok() && *parsed == *people) return longer;
    }
  }
  return base::error(base::Code::kInternal,
                     "cannot see where \"people\" ends in " + std::string(file) + ": add " + entry);
}

Status check_person_id(std::string_view id) { return check_name(id, "a person's id"); }

bool is_glob(std::string_view text) {
  constexpr size_t kBytesMost = 63;  // as a name has
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-*?";
  return !text.empty() && text.size() <= kBytesMost &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Goes back to the last '*' where what follows it does not fit, and lets that stand for one more.
bool matches(std::string_view glob, std::string_view name) {
  size_t at = 0;
  size_t star = std::string_view::npos;
  size_t star_at = 0;
  size_t i = 0;
  while (at < name.size()) {
    if (i < glob.size() && glob[i] == '*') {
      star = i++;
      star_at = at;
    } else if (i < glob.size() && (glob[i] == '?' || glob[i] == name[at])) {
      ++i;
      ++at;
    } else if (star != std::string_view::npos) {
      i = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', i) == std::string_view::npos;
}

}  // namespace mm::config
