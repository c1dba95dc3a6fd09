// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <utility>
#include <vector>

#include "base/text.h"

namespace mm::cli {
namespace {

using base::joined;
using config::Option;
using config::Type;

constexpr std::string_view kHelp =
    "usage: mindmeld completion bash|zsh|fish\n\n"
    "Prints a script with which the shell completes commands, flags, files and the services of "
    "the\n"
    "router. An installed mindmeld has brought it along; one that was copied here needs one of\n"
    "  source <(mindmeld completion bash)      # in ~/.bashrc\n"
    "  source <(mindmeld completion zsh)       # in ~/.zshrc, after compinit\n"
    "  mindmeld completion fish | source       # in ~/.config/fish/config.fish\n";

// Asks the router that the line names, or the usual one; `timeout` for one that never answers.
constexpr std::string_view kServices = R"(
_mindmeld_services() { # the words of the line
  local program=$1
  local -a flags=()
  while (($# > 2)); do
    shift
    case $1 in
      @ROUTER_FLAGS@) flags+=("$1" "$2") ;;
      @ROUTER_FLAGS=@ | --plaintext) flags+=("$1") ;;
    esac
  done
  timeout 2 "$program" list --json "${flags[@]}" 2>/dev/null </dev/null |
    grep -o '"name":"[^"]*"' | cut -d '"' -f 4
}
)";

// Its words are the line's, not COMP_WORDS, which are cut at each '=' and ':'. What is replied
// takes the place of what is behind the last of these.
constexpr std::string_view kBash = R"(
_mindmeld() {
  local line=${COMP_LINE:0:COMP_POINT} candidates=
  local word=${line##*[[:space:]]}
  local -a words
  read -ra words <<<"${line%"$word"}"
  words=("${words[@]//[\'\"]/}" "$word")
  words=("${words[@]/#\~\//$HOME/}")
  local flag=${words[-2]}
  [[ $word != --*=* ]] || { flag=${word%%=*} && word=${word#*=}; }
  [[ $word != *unix:* ]] || { flag=unix && word=${word##*unix:}; }
  case $flag in
    unix | @PATH_FLAGS@)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    @TEXT_FLAGS@) return ;;
  esac
  if ((${#words[@]} == 2)); then
    candidates='@COMMANDS@ --help --version'
  elif [[ $word == -* ]]; then
    case ${words[1]} in
@FLAGS@    esac
  else
    case ${words[1]} in
      help) candidates='@COMMANDS@' ;;
      completion) candidates='@SHELLS@' ;;
      connect) compopt -o nospace && candidates=$(_mindmeld_services "${words[@]}") ;;
      doctor | list) candidates=$(_mindmeld_services "${words[@]}") ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
}

complete -F _mindmeld mindmeld
)";

// It is either sourced, or a file that is read when the function is called first.
constexpr std::string_view kZsh = R"(
_mindmeld_connect() {
  if compset -P '*unix:'; then _files && return; fi
  local -a services
  services=("${(@f)$(_mindmeld_services "$typed[@]")}")
  compadd -qS = -- $services
}

_mindmeld_doctor() {
  local -a services
  services=("${(@f)$(_mindmeld_services "$typed[@]")}")
  compadd -- $services
}

_mindmeld_list() {
  _mindmeld_doctor
}

_mindmeld_share() {
  compset -P '*unix:' && _files
}

_mindmeld() {
  local -a commands typed
  commands=(
@DESCRIBED_COMMANDS@  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  typed=("${(@)${(@Q)words}/#\~\//$HOME/}")
  shift words
  ((CURRENT--))
  case $words[1] in
@FLAGS@    help) _describe command commands ;;
    completion) compadd @SHELLS@ ;;
  esac
}

if [[ $funcstack[1] == _mindmeld ]]; then _mindmeld "$@"; else compdef _mindmeld mindmeld; fi
)";

constexpr std::string_view kFish = R"fish(
function __mindmeld_services
    set -l words (commandline -opc | string replace -r '^~/' "$HOME/")
    set -l flags
    for i in (seq 3 (count $words))
        switch $words[$i]
            case @ROUTER_FLAGS@
                set -a flags $words[$i] $words[(math $i + 1)]
            case @ROUTER_FLAGS=@ --plaintext
                set -a flags $words[$i]
        end
    end
    timeout 2 $words[1] list --json $flags 2>/dev/null </dev/null |
        string match -rag '"name":"([^"]*)"'
end

function __mindmeld_unix
    set -l word (commandline -ct)
    set -l before (string match -r '.*unix:' -- $word) || return
    for path in (__fish_complete_path (string replace -r '.*unix:' '' -- $word))
        echo $before$path
    end
end

complete -c mindmeld -f
complete -c mindmeld -n __fish_use_subcommand -l help -s h -d 'print this'
complete -c mindmeld -n __fish_use_subcommand -l version -d 'print the version'
@DESCRIBED_COMMANDS@complete -c mindmeld -n '__fish_seen_subcommand_from help' -a '@COMMANDS@'
complete -c mindmeld -n '__fish_seen_subcommand_from completion' -a '@SHELLS@'
complete -c mindmeld -n '__fish_seen_subcommand_from connect doctor list' -a '(__mindmeld_services)'
complete -c mindmeld -n '__fish_seen_subcommand_from connect share' -a '(__mindmeld_unix)'
@FLAGS@)fish";

// Puts `value` where `name` stands, wherever it does.
void fill(std::string& text, std::string_view name, std::string_view value) {
  for (size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size()) {
    text.replace(at, name.size(), value);
  }
}

// With a '\' before each of `special`.
std::string escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

// A text between single quotes, in which a single quote cannot be.
std::string shell_quoted(std::string text) {
  fill(text, "'", "'\\''");
  return joined({"'", text, "'"});
}

struct Word {
  std::string_view name;
  std::string_view summary;
};

// What a command line may begin with.
std::vector<Word> first_words(std::span<const Command> commands) {
  std::vector<Word> words;
  for (const Command& command : commands) words.push_back({command.name, command.summary});
  words.push_back({"help", "say more about a command"});
  words.push_back({"completion", "print a script with which a shell completes all this"});
  return words;
}

template <typename Predicate>
std::string flags(std::string_view separator, Predicate is_wanted) {
  std::string text;
  for (const Option& option : config::options()) {
    if (!is_wanted(option)) continue;
    if (!text.empty()) text += separator;
    text += option.flag();
  }
  return text;
}

bool is_path(const Option& option) { return option.type == Type::kPath; }

// What `list` must be told to ask the same router. Not a command: the key that completes must not
// run what is only half written.
bool names_router(const Option& option) {
  return option.is_for(config::kList) && (is_path(option) || option.name == "router");
}

// ---- the scripts, but for what they have in common

std::string bash(std::span<const Command> commands) {
  std::string its_flags;
  for (const Command& command : commands) {
    const auto is_its = [&](const Option& option) { return option.is_for(command.id); };
    its_flags += joined({"      ", command.name, ") candidates='", flags(" ", is_its), "' ;;\n"});
  }
  std::string script = joined({kServices, kBash});
  fill(script, "@FLAGS@", its_flags);
  return script;
}

std::string zsh_flag(const Option& option, std::string_view flag) {
  const bool may_repeat = option.type == Type::kList || option.type == Type::kCount;
  std::string spec = joined({may_repeat ? "*" : "", flag, option.takes_value() ? "=" : "", "[",
                             escaped(option.help, "[]:\\"), "]"});
  if (option.takes_value()) {
    spec += joined({":", escaped(option.value_name, ":"), is_path(option) ? ":_files" : ": "});
  }
  return joined({" \\\n        ", shell_quoted(std::move(spec))});
}

std::string zsh_flags(const Command& command) {
  std::string text = joined({"    ", command.name, ")\n      _arguments -S"});
  for (const Option& option : config::options()) {
    if (!option.is_for(command.id)) continue;
    text += zsh_flag(option, option.flag());
    if (option.letter != 0) text += zsh_flag(option, std::string{'-', option.letter});
  }
  const std::string its_words = joined({"_mindmeld_", command.name});
  if (kZsh.find(joined({"\n", its_words, "()"})) != std::string_view::npos) {
    text += joined({" \\\n        '*: :", its_words, "'"});
  }
  return text + "\n      ;;\n";
}

std::string zsh(std::span<const Command> commands) {
  std::string described, its_flags;
  for (const Word& word : first_words(commands)) {
    described += joined({"    ", shell_quoted(joined({word.name, ":", word.summary})), "\n"});
  }
  for (const Command& command : commands) its_flags += zsh_flags(command);
  std::string script = joined({kServices, kZsh});
  fill(script, "@DESCRIBED_COMMANDS@", described);
  fill(script, "@FLAGS@", its_flags);
  return script;
}

std::string fish_flag(std::span<const Command> commands, const Option& option) {
  std::string its_commands;
  for (const Command& command : commands) {
    if (option.is_for(command.id)) its_commands += joined({" ", command.name});
  }
  const std::string letter = option.letter != 0 ? std::string(" -s ") + option.letter : "";
  const std::string_view value = is_path(option) ? " -r -F" : option.takes_value() ? " -x" : "";
  return joined({"complete -c mindmeld -n '__fish_seen_subcommand_from", its_commands, "' -l ",
                 option.name, letter, value, " -d '", escaped(option.help, "'\\"), "'\n"});
}

std::string fish(std::span<const Command> commands) {
  std::string described, its_flags;
  for (const Word& word : first_words(commands)) {
    described += joined({"complete -c mindmeld -n __fish_use_subcommand -a ", word.name, " -d '",
                         escaped(word.summary, "'\\"), "'\n"});
  }
  for (const Option& option : config::options()) {
    its_flags += fish_flag(commands, option);
  }
  std::string script(kFish);
  fill(script, "@DESCRIBED_COMMANDS@", described);
  fill(script, "@FLAGS@", its_flags);
  return script;
}

}  // namespace

std::string_view completion_help() { return kHelp; }

std::string completion(std::span<const Command> commands, std::string_view shell) {
  const auto script = shell == "bash"   ? bash(commands)
                      : shell == "zsh"  ? zsh(commands)
                      : shell == "fish" ? fish(commands)
                                        : "";
  if (script.empty()) return "";
  std::string names;
  for (const Word& word : first_words(commands)) {
    names += joined({names.empty() ? "" : " ", word.name});
  }
  std::string text =
      joined({shell == "zsh" ? "#compdef mindmeld\n" : "",
              "# Completes command lines of mindmeld: mindmeld completion ", shell, "\n", script});
  const bool is_fish = shell == "fish";
  const std::string_view between = is_fish ? " " : " | ";
  fill(text, "@COMMANDS@", names);
  fill(text, "@SHELLS@", joined({kShells[0], " ", kShells[1], " ", kShells[2]}));
  fill(text, "@ROUTER_FLAGS@", flags(between, names_router));
  fill(text, "@ROUTER_FLAGS=@",
       is_fish ? joined({"'", flags("=*' '", names_router), "=*'"})
               : joined({flags("=* | ", names_router), "=*"}));
  fill(text, "@PATH_FLAGS@", flags(between, is_path));
  fill(text, "@TEXT_FLAGS@", flags(between, [](const Option& option) {
         return option.takes_value() && !is_path(option);
       }));
  return text;
}

}  // namespace mm::cli
