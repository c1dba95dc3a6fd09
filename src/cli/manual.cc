// SPDX-License-Identifier: MIT
#include "cli/manual.h"

#include <cctype>
#include <string_view>

#include "base/text.h"

namespace mm::cli {
namespace {

using base::ExitCode;
using base::joined;
using config::Option;
using config::Reach;

constexpr unsigned kEnds = config::kShare | config::kConnect;
constexpr unsigned kEvery = ~0U;

struct Entry {
  std::string_view name;
  std::string_view text;
  unsigned commands = kEvery;
};

constexpr Entry kVariables[] = {
    {"MINDMELD_LOG",
     "How much is logged: error, warn (unless told otherwise), info, debug or trace."},
    {"MINDMELD_PASS", "The pass for the router that the environment or the command line names."},
    {"MINDMELD_...",
     "Most flags, in capitals and with _ for -; what may be repeated is separated by "
     "commas, and a switch is true or false."},
    {"NO_COLOR", "If it is set, to whatever: no colour on a terminal."},
    {"NOTIFY_SOCKET", "The service manager that is told when all is ready, as systemd sets it."},
    {"K_SERVICE, PORT", "On Cloud Run: the router listens at 0.0.0.0:PORT.", config::kRouter},
    {"XDG_CONFIG_HOME, XDG_STATE_HOME", "In place of ~/.config and ~/.local/state."},
};

constexpr Entry kSignals[] = {
    {"SIGTERM, SIGINT",
     "Takes no new connection, gives those that are open two seconds to end, and then resets them. "
     "A "
     "second one does so at once.",
     kEnds},
    {"SIGTERM, SIGINT",
     "Has the ends move to another router, if there is one, and ends within eight seconds.",
     config::kRouter},
    {"SIGHUP",
     "Reads the configuration file again: services come, go and change, and what is open goes on. "
     "Other settings take a restart.",
     kEnds},
    {"SIGHUP", "Reads people and certificate again. Other settings take a restart.",
     config::kRouter},
};

constexpr Entry kFiles[] = {
    {"~/.config/mindmeld/config.json",
     "Settings, and the services to share and to connect to: JSON, with comments if you like. What "
     "its paths are relative to is its own folder."},
    {"mindmeld.json",
     "In the current folder: \"share\" and \"connect\" alone, in place of those in config.json.",
     kEnds},
    {"~/.config/mindmeld/keyring",
     "Your key, by which the router and your other machines know you, and your tickets. Yours "
     "alone.",
     kEnds | config::kDoctor},
    {"~/.local/state/mindmeld/router-key.pem",
     "The key of a router that serves TLS without a certificate; its pin is in the router's URL.",
     config::kRouter},
};

struct Code {
  ExitCode code;
  std::string_view text;
};

constexpr Code kCodes[] = {
    {ExitCode::kDone, "All went well."},
    {ExitCode::kInternal,
     "A fault of mindmeld's own; with connect NAME=-: it was reset; with doctor: a clock is "
     "wrong."},
    {ExitCode::kUsage, "A flag, an argument, the environment or the configuration file is wrong."},
    {ExitCode::kNotAllowed, "The router does not allow it."},
    {ExitCode::kNoSuchService, "There is no such service (connect --no-wait, doctor)."},
    {ExitCode::kRouterUnreachable,
     "The router cannot be reached (where waiting was declined), or "
     "is none."},
    {ExitCode::kCannotListen, "The address cannot be listened at."},
    {ExitCode::kTargetRefused, "A target did not answer (share --check, doctor)."},
    {ExitCode::kNameTaken, "The name is somebody else's."},
    {ExitCode::kInterrupted, "Interrupted (SIGINT)."},
};

constexpr std::string_view kOverview =
    "mindmeld forwards a port between two machines that cannot reach each other, through a router "
    "that both can reach. A forwarded connection behaves like the TCP connection that it replaces, "
    "and outlives what is between its ends: a router that restarts, a network that comes and goes. "
    "Only the two ends can read what passes.";

constexpr std::string_view kTryIt =
    "  mindmeld router\n"
    "  mindmeld share web=3000\n"
    "  mindmeld connect web=8080\n";

constexpr std::string_view kConfiguration =
    "Flags go before the environment, that before the configuration file. A flag has one name in "
    "all three: --pass-file, MINDMELD_PASS_FILE, \"pass_file\"; a router's are within \"serve\". A "
    "DURATION is 500ms, 10s, 2m, 1h or 3d. share and connect without arguments take their services "
    "from the file:";

constexpr std::string_view kFileExample =
    "  {\n"
    "    \"router\": \"https://relay.example.com\",\n"
    "    \"pass_file\": \"~/ann.pass\",\n"
    "    \"share\": {\"web\": 3000, \"db\": \"localhost:5432\"},\n"
    "    \"connect\": {\"api\": 8081},\n"
    "    \"serve\": {\"listen\": [\"0.0.0.0:6353\"], \"auth_file\": \"people.json\"}\n"
    "  }\n";

// What roff would take for an order, a hyphen or a typographic quote stands for itself.
std::string plain(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    switch (text[i]) {
      case '\\':
        result += "\\(rs";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      case '.':
        result += begins_line ? "\\&." : ".";
        break;
      default:
        result += text[i];
    }
  }
  return result;
}

std::string bold(std::string_view text) { return joined({"\\fB", plain(text), "\\fR"}); }
std::string italic(std::string_view text) { return joined({"\\fI", plain(text), "\\fR"}); }

std::string page_name(std::string_view command) { return joined({"mindmeld-", command}); }

// One page, top to bottom.
class Page {
 public:
  Page(std::string_view name, std::string_view summary) {
    std::string title(name);
    for (char& c : title) c = static_cast<char>(std::toupper(c));
    text_ =
        joined({".TH ", plain(title), " 1 \"\" \"mindmeld " MM_VERSION "\" \"User Commands\"\n"});
    section("NAME");
    line(joined({plain(name), " \\- ", plain(summary)}));
  }

  std::string text() const { return text_; }

  void section(std::string_view title) { line(joined({".SH ", title})); }
  void paragraph(std::string_view text) { line(joined({".PP\n", plain(text)})); }
  void item(std::string_view tag, std::string_view text) {
    line(joined({".TP\n", tag, "\n", text}));
  }
  void example(std::string_view lines) { line(joined({".PP\n.EX\n", plain(lines), ".EE"})); }
  void entries(std::span<const Entry> all, unsigned commands) {
    for (const Entry& entry : all) {
      if ((entry.commands & commands) != 0) item(bold(entry.name), plain(entry.text));
    }
  }
  void line(std::string_view text) { text_ += joined({text, "\n"}); }

 private:
  std::string text_;
};

void add_exit_status(Page& page) {
  page.section("EXIT STATUS");
  for (const Code& code : kCodes) {
    page.item(bold(std::to_string(static_cast<int>(code.code))), plain(code.text));
  }
}

// The overview, and all commands but `own`.
void add_see_also(Page& page, std::span<const Command> commands, std::string_view own) {
  page.section("SEE ALSO");
  std::string text;
  const auto add = [&](std::string_view name) {
    text += joined({text.empty() ? "" : ", ", bold(name), "(1)"});
  };
  if (!own.empty()) add("mindmeld");
  for (const Command& command : commands) {
    if (command.name != own) add(page_name(command.name));
  }
  page.line(text);
}

// The sentence of its help, its default, and its names elsewhere.
std::string about(const Option& option) {
  std::string help(option.help);
  help.front() = static_cast<char>(std::toupper(help.front()));
  std::string text = joined({plain(help), "."});
  if (!option.default_text.empty()) text += joined({" Default: ", plain(option.default_text), "."});
  if (option.reach == Reach::kFlag) return text;
  text += joined({"\n.br\nAlso ", bold(option.variable())});
  if (option.reach >= Reach::kFile) text += joined({", ", bold("\"" + option.key() + "\"")});
  return text + (option.reach == Reach::kServeSection ? " within \"serve\"." : ".");
}

void add_options(Page& page, const Command& command) {
  page.section("OPTIONS");
  for (const Option& option : config::options()) {
    if (!option.is_for(command.id)) continue;
    const std::string letter =
        option.letter != 0 ? joined({bold(std::string{'-', option.letter}), ", "}) : "";
    const std::string value = option.takes_value() ? " " + italic(option.value_name) : "";
    const bool is_repeated = option.type == config::Type::kList;
    page.item(joined({letter, bold(option.flag()), value, is_repeated ? "..." : ""}),
              about(option));
  }
}

}  // namespace

std::string manual(std::span<const Command> commands) {
  Page page("mindmeld", "forward a port between two machines that cannot reach each other");
  page.section("SYNOPSIS");
  page.line(joined({bold("mindmeld"), " ", italic("COMMAND"), " [", italic("FLAGS"), "]"}));
  page.section("DESCRIPTION");
  page.line(plain(kOverview));
  page.paragraph("To try it, in three terminals:");
  page.example(kTryIt);
  page.section("COMMANDS");
  for (const Command& command : commands) {
    page.item(joined({bold(page_name(command.name)), "(1)"}), plain(command.summary));
  }
  page.item(joined({bold("mindmeld help"), " ", italic("COMMAND")}), "say more about a command");
  page.item(bold("mindmeld completion bash|zsh|fish"),
            "print a script with which the shell completes such lines");
  page.section("CONFIGURATION");
  page.line(plain(kConfiguration));
  page.example(kFileExample);
  page.section("ENVIRONMENT");
  page.entries(kVariables, kEvery);
  page.section("FILES");
  page.entries(kFiles, kEvery);
  add_exit_status(page);
  add_see_also(page, commands, "");
  return page.text();
}

std::string manual(std::span<const Command> commands, const Command& command) {
  Page page(page_name(command.name), command.summary);
  page.section("SYNOPSIS");
  page.line(joined({bold(joined({"mindmeld ", command.name})), " ", italic(command.arguments),
                    command.arguments.empty() ? "" : " ", "[", italic("FLAGS"), "]"}));
  page.section("DESCRIPTION");
  page.line(plain(command.about.substr(0, command.about.size() - 1)));
  add_options(page, command);
  page.section("EXAMPLES");
  page.example(command.examples);
  page.section("FILES");
  page.entries(kFiles, command.id);
  if ((command.id & (kEnds | config::kRouter)) != 0) page.section("SIGNALS");
  page.entries(kSignals, command.id);
  add_exit_status(page);
  add_see_also(page, commands, command.name);
  return page.text();
}

}  // namespace mm::cli
