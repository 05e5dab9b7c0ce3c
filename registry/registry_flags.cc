#include "registry/registry_flags.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/did_you_mean.h"

namespace rpyc {
namespace {

// The flags while they are being read.
struct Parsed {
  RegistryFlags flags;
  bool ipv6 = false;
  std::string host;
};

absl::Status BadValue(absl::string_view name, absl::string_view expected, absl::string_view value) {
  return absl::InvalidArgumentError(
      absl::StrCat("Argument of ", name, " expected to be ", expected, ", not '", value, "'"));
}

absl::Status TakeMode(absl::string_view name, absl::string_view value, Parsed* out) {
  const bool both = absl::EqualsIgnoreCase(value, "BOTH");
  out->flags.udp = both || absl::EqualsIgnoreCase(value, "UDP");
  out->flags.tcp = both || absl::EqualsIgnoreCase(value, "TCP");
  if (out->flags.udp || out->flags.tcp) return absl::OkStatus();
  return BadValue(name, "{UDP, TCP, BOTH}", value);
}

absl::Status TakePort(absl::string_view name, absl::string_view value, Parsed* out) {
  if (absl::SimpleAtoi(value, &out->flags.port) && out->flags.port >= 0 &&
      out->flags.port <= UINT16_MAX) {
    return absl::OkStatus();
  }
  return BadValue(name, "[0..65535]", value);
}

absl::Status TakeTimeout(absl::string_view name, absl::string_view value, Parsed* out) {
  int32_t seconds = 0;
  if (!absl::SimpleAtoi(value, &seconds) || seconds < 1) {
    return BadValue(name, "an int of at least 1", value);
  }
  out->flags.timeout = absl::Seconds(seconds);
  return absl::OkStatus();
}

absl::Status TakeCount(absl::string_view name, absl::string_view value, size_t* out) {
  int count = 0;
  if (!absl::SimpleAtoi(value, &count) || count < 1 || count > kMaxRegistrations) {
    return BadValue(name, absl::StrCat("[1..", kMaxRegistrations, "]"), value);
  }
  *out = count;
  return absl::OkStatus();
}

struct Switch {
  absl::string_view letter;  // "-m"; empty: none
  absl::string_view name;    // "--mode"
  absl::string_view value;   // as the help shows it; empty: takes none
  absl::string_view help;
  absl::Status (*take)(absl::string_view name, absl::string_view value, Parsed* out);
};

using View = absl::string_view;

constexpr Switch kMeta[] = {
    {"-h", "--help", "", "Prints this help message and quits",
     [](View, View, Parsed* out) {
       out->flags.help = true;
       return absl::OkStatus();
     }},
    {"", "--help-all", "", "Prints help messages of all sub-commands and quits",
     [](View, View, Parsed* out) {
       out->flags.help = true;
       return absl::OkStatus();
     }},
    {"-v", "--version", "", "Prints the program's version and quits",
     [](View, View, Parsed* out) {
       out->flags.version = true;
       return absl::OkStatus();
     }},
};

constexpr Switch kSwitches[] = {
    {"-6", "--ipv6", "", "use ipv6 instead of ipv4",
     [](View, View, Parsed* out) {
       out->ipv6 = true;
       return absl::OkStatus();
     }},
    {"", "--etcd", "VALUE:str",
     "Keep the registrations in etcd, HOST:PORT[,HOST:PORT...], with other registries",
     [](View, View value, Parsed* out) {
       out->flags.etcd = std::string(value);
       return absl::OkStatus();
     }},
    {"", "--host", "VALUE:str",
     "The address to listen on; the default is every address of the machine, 0.0.0.0, or :: with "
     "--ipv6",
     [](View, View value, Parsed* out) {
       out->host = std::string(value);
       return absl::OkStatus();
     }},
    {"-l", "--listing", "VALUE:bool",
     "Enable/disable listing on registry; any VALUE enables it, as RPyC has it",
     [](View, View value, Parsed* out) {
       out->flags.listing = !value.empty();
       return absl::OkStatus();
     }},
    {"", "--logfile", "VALUE:str", "The log file to use; the default is stderr",
     [](View, View value, Parsed* out) {
       out->flags.logfile = std::string(value);
       return absl::OkStatus();
     }},
    {"", "--max-per-source", "VALUE:int",
     "Registrations that one address may have; the default is 1000",
     [](View name, View value, Parsed* out) {
       return TakeCount(name, value, &out->flags.limits.max_registrations_per_source);
     }},
    {"", "--max-registrations", "VALUE:int",
     "Registrations that there may be; the default is 20000",
     [](View name, View value, Parsed* out) {
       return TakeCount(name, value, &out->flags.limits.max_registrations);
     }},
    {"-m", "--mode", "VALUE:{UDP, TCP, BOTH}", "Serving mode; the default is UDP", &TakeMode},
    {"-p", "--port", "VALUE:[0..65535]",
     "The UDP/TCP listener port; 0 picks one; the default is 18811", &TakePort},
    {"-q", "--quiet", "VALUE:str", "Quiet mode (only errors are logged); VALUE is ignored",
     [](View, View, Parsed* out) {
       out->flags.quiet = true;
       return absl::OkStatus();
     }},
    {"", "--snapshot", "VALUE:str",
     "A file to keep the registrations in, so that a restart forgets none",
     [](View, View value, Parsed* out) {
       out->flags.snapshot = std::string(value);
       return absl::OkStatus();
     }},
    {"-t", "--timeout", "VALUE:int",
     "Set a custom pruning timeout (in seconds); the default is 240", &TakeTimeout},
};

const Switch* FindSwitch(absl::string_view name) {
  for (const Switch& each : kMeta) {
    if (name == each.name || (name == each.letter && !name.empty())) return &each;
  }
  for (const Switch& each : kSwitches) {
    if (name == each.name || (name == each.letter && !name.empty())) return &each;
  }
  return nullptr;
}

std::vector<std::string> SwitchNames() {
  std::vector<std::string> names;
  for (const Switch& each : kMeta) names.emplace_back(each.name);
  for (const Switch& each : kSwitches) names.emplace_back(each.name);
  return names;
}

// One argument taken apart: "--port=1", "-p1", "-p".
struct Argument {
  absl::string_view name;
  std::optional<absl::string_view> value;
};

Argument TakeApart(absl::string_view text) {
  if (absl::StartsWith(text, "--")) {
    const size_t equals = text.find('=');
    if (equals == absl::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, equals), text.substr(equals + 1)};
  }
  if (text.size() == 2) return {text, std::nullopt};
  return {text.substr(0, 2), text.substr(2)};
}

void AppendHelp(const Switch& each, std::string* out) {
  constexpr size_t kColumn = 36;
  constexpr size_t kWidth = 80;
  std::string line =
      absl::StrCat("    ", each.letter.empty() ? "" : absl::StrCat(each.letter, ", "), each.name,
                   each.value.empty() ? "" : " ", each.value);
  line.resize(std::max(line.size() + 1, kColumn), ' ');
  absl::string_view rest = each.help;
  while (line.size() + rest.size() > kWidth) {
    const size_t space = rest.rfind(' ', kWidth - line.size());
    if (space == absl::string_view::npos || space == 0) break;
    absl::StrAppend(out, line, rest.substr(0, space), "\n");
    rest.remove_prefix(space + 1);
    line.assign(kColumn, ' ');
  }
  absl::StrAppend(out, line, rest, "\n");
}

}  // namespace

absl::StatusOr<RegistryFlags> ParseRegistryFlags(int argc, const char* const* argv) {
  Parsed parsed;
  std::set<absl::string_view> given;
  std::deque<std::string> arguments(argv + 1, argv + argc);
  while (!arguments.empty()) {
    const std::string text = std::move(arguments.front());
    arguments.pop_front();
    if (!absl::StartsWith(text, "-") || text.size() < 2 || text == "--") {
      return absl::InvalidArgumentError(
          absl::StrCat("Expected at most 0 positional arguments, got ['", text, "']"));
    }
    const Argument argument = TakeApart(text);
    const Switch* found = FindSwitch(argument.name);
    if (found == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("Unknown switch ", argument.name, DidYouMean(argument.name, SwitchNames())));
    }
    if (!given.insert(found->name).second) {
      return absl::InvalidArgumentError(absl::StrCat("Switch ", argument.name, " already given"));
    }
    if (found->value.empty() && argument.value.has_value()) {
      if (absl::StartsWith(text, "--")) {
        return absl::InvalidArgumentError(
            absl::StrCat("Switch ", argument.name, " does not take an argument"));
      }
      arguments.push_front(absl::StrCat("-", *argument.value));  // flags written as one: "-6h"
    }
    std::string value(argument.value.value_or(""));
    if (!found->value.empty() && !argument.value.has_value()) {
      if (arguments.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("Switch ", argument.name, " requires an argument"));
      }
      value = std::move(arguments.front());
      arguments.pop_front();
    }
    absl::string_view name = argument.name;
    name.remove_prefix(absl::StartsWith(name, "--") ? 2 : 1);
    absl::Status taken = found->take(name, value, &parsed);
    if (!taken.ok()) return taken;
  }
  if (!parsed.host.empty()) {
    parsed.flags.host = parsed.host;
  } else if (parsed.ipv6) {
    parsed.flags.host = "::";
  }
  if (!parsed.flags.snapshot.empty() && !parsed.flags.etcd.empty()) {
    return absl::InvalidArgumentError("Switches --etcd and --snapshot exclude each other");
  }
  return parsed.flags;
}

std::string RegistryFlagsHelp() {
  std::string help = "Usage:\n    rpyc_registry [SWITCHES]\n\nMeta-switches:\n";
  for (const Switch& each : kMeta) AppendHelp(each, &help);
  absl::StrAppend(&help, "\nSwitches:\n");
  for (const Switch& each : kSwitches) AppendHelp(each, &help);
  return help;
}

}  // namespace rpyc
