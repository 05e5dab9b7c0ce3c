#include "server/host_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "registry/registration.h"
#include "rpyc/did_you_mean.h"
#include "rpyc/transport/endpoint.h"
#include "server/log.h"

namespace rpyc {
namespace {

// The flags before they are interpreted.
struct RawFlags {
  HostFlags flags;
  std::vector<std::string> servers;
  std::string drain_timeout = "10s";
  bool allow_insecure = false;
  std::string registry_timeout = "240s";
};

void Declare(CLI::App& app, RawFlags* raw) {
  app.set_help_flag();  // ours, which does not throw
  app.add_flag("--help", raw->flags.help, "Prints this text.");
  app.add_flag("--version", raw->flags.version, "Prints the version.");
  app.add_option("--admin_address", raw->flags.admin_address,
                 "Where the gRPC control plane listens: HOST:PORT on loopback, or unix:PATH; port "
                 "0 picks one, empty turns it off.")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--server", raw->servers,
                 "A server to start at once; may be repeated. ADDRESS is HOST:PORT (port 0 picks "
                 "one), unix:PATH, or fd:NAME or fd:NUMBER, a socket that systemd or a parent "
                 "process hands over.")
      ->allow_extra_args(false)
      ->type_name("KIND:SERVICE@ADDRESS");
  app.add_option("--registry_address", raw->flags.registry.address,
                 "Runs RPyC's discovery registry here, UDP and TCP: HOST:PORT, port 0 picks one; "
                 "off unless given. It is open to whoever reaches it, as RPyC's is.")
      ->type_name("ADDRESS");
  app.add_flag("--registry_allow_listing", raw->flags.registry.allow_listing,
               "Has the registry tell RPyC's clients which services there are (list_services).");
  app.add_option("--registry_pruning_timeout", raw->registry_timeout,
                 "After how long the registry forgets a server that does not announce itself.")
      ->capture_default_str()
      ->type_name("DURATION");
  app.add_option("--registry_snapshot", raw->flags.registry.snapshot_file,
                 "A file that the registry keeps its state in, so that a restart forgets nothing.")
      ->type_name("FILE");
  app.add_option("--registry_max_registrations", raw->flags.registry.limits.max_registrations,
                 "How many registrations there may be.")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxRegistrations))
      ->type_name("N");
  app.add_option("--registry_max_per_source",
                 raw->flags.registry.limits.max_registrations_per_source,
                 "How many of them one address may have.")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxRegistrations))
      ->type_name("N");
  app.add_option("--registry_etcd", raw->flags.registry.etcd,
                 "An etcd cluster that the registry shares its state with others through.")
      ->type_name("HOST:PORT,...");
  app.add_flag("--allow_insecure", raw->allow_insecure,
               "Lets --server listen off loopback although it has no TLS.");
  app.add_option(
         "--max_total_bytes", raw->flags.max_total_bytes,
         "Bytes that all connections may hold together, received and not yet answered; 0 is "
         "half of the memory there is.")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->type_name("BYTES");
  app.add_option("--drain_timeout", raw->drain_timeout,
                 "How long running calls get when SIGTERM or SIGINT ends the host.")
      ->capture_default_str()
      ->type_name("DURATION");
  app.add_option("--log_level", raw->flags.log_level,
                 "What is logged to stderr: trace, debug, info, warning, error, critical or off.")
      ->capture_default_str()
      ->type_name("LEVEL");
}

absl::Status BadValue(absl::string_view flag, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", why));
}

absl::Status ReadAddress(absl::string_view flag, absl::string_view text, Endpoint* endpoint) {
  absl::StatusOr<Endpoint> parsed = ParseEndpoint(text);
  if (!parsed.ok()) return BadValue(flag, parsed.status().message());
  *endpoint = *std::move(parsed);
  return absl::OkStatus();
}

// Reads the NAME or NUMBER after "fd:".
absl::Status ReadInherited(absl::string_view text, std::string* inherited) {
  const bool is_number = std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  int number = 0;
  if (text.empty() || (is_number && (!absl::SimpleAtoi(text, &number) || number < 3))) {
    return BadValue("--server", absl::StrCat("\"fd:", text,
                                             "\": expected the name of a socket that systemd hands "
                                             "over, or the number of a descriptor, 3 or more"));
  }
  *inherited = std::string(text);
  return absl::OkStatus();
}

absl::Status ReadServer(const std::string& text, bool allow_insecure, ServerOptions* server,
                        std::string* inherited) {
  const size_t at = text.find('@');
  const size_t colon = text.find(':');
  if (at == std::string::npos || colon == std::string::npos || colon == 0 || colon + 1 >= at) {
    return BadValue("--server", absl::StrCat("\"", text,
                                             "\": expected KIND:SERVICE@HOST:PORT, "
                                             "KIND:SERVICE@unix:PATH or KIND:SERVICE@fd:NAME"));
  }
  server->kind = text.substr(0, colon);
  server->service = text.substr(colon + 1, at - colon - 1);
  server->allow_insecure = allow_insecure;
  absl::string_view address = absl::string_view(text).substr(at + 1);
  if (absl::ConsumePrefix(&address, "fd:")) return ReadInherited(address, inherited);
  Endpoint endpoint;
  absl::Status status = ReadAddress("--server", address, &endpoint);
  if (!status.ok()) return status;
  server->hostname = endpoint.host;
  server->port = endpoint.port;
  server->socket_path = endpoint.socket_path;
  server->ipv6 = absl::StrContains(endpoint.host, ':');
  return absl::OkStatus();
}

absl::Status ReadRegistry(const std::string& timeout, HostRegistryOptions* registry) {
  absl::Status status;
  const bool off = registry->address.empty();
  Endpoint endpoint;
  if (!off) {
    status.Update(ReadAddress("--registry_address", registry->address, &endpoint));
    if (!endpoint.socket_path.empty()) {
      status.Update(BadValue("--registry_address", "a registry listens at HOST:PORT"));
    }
  }
  if (!absl::ParseDuration(timeout, &registry->pruning_timeout) ||
      registry->pruning_timeout < absl::Seconds(1)) {
    status.Update(BadValue("--registry_pruning_timeout",
                           absl::StrCat("\"", timeout, "\": expected a time like 240s or 5m")));
  }
  if (off &&
      (registry->allow_listing || !registry->snapshot_file.empty() || !registry->etcd.empty())) {
    status.Update(BadValue("--registry_address", "missing: there is no registry without it"));
  }
  if (!registry->snapshot_file.empty() && !registry->etcd.empty()) {
    status.Update(BadValue("--registry_snapshot", "not beside --registry_etcd"));
  }
  return status;
}

absl::StatusOr<HostFlags> Interpret(RawFlags raw) {
  HostFlags flags = std::move(raw.flags);
  absl::Status status;
  Endpoint admin;
  if (!flags.admin_address.empty()) {
    status.Update(ReadAddress("--admin_address", flags.admin_address, &admin));
  }
  for (const std::string& server : raw.servers) {
    status.Update(ReadServer(server, raw.allow_insecure, &flags.servers.emplace_back(),
                             &flags.inherited_sockets.emplace_back()));
  }
  if (!absl::ParseDuration(raw.drain_timeout, &flags.drain_timeout) ||
      flags.drain_timeout < absl::ZeroDuration()) {
    status.Update(BadValue("--drain_timeout", absl::StrCat("\"", raw.drain_timeout,
                                                           "\": expected a time like 10s or 2m")));
  }
  status.Update(ReadRegistry(raw.registry_timeout, &flags.registry));
  // spdlog would read an unknown level as "off".
  if (!IsLogLevelName(flags.log_level)) {
    status.Update(BadValue("--log_level", absl::StrCat("\"", flags.log_level,
                                                       "\": expected trace, debug, info, warning, "
                                                       "error, critical or off")));
  }
  if (!status.ok()) return status;
  return flags;
}

// The error about arguments that are not flags; it suggests the flag that the first of them may
// mean.
absl::Status UnknownFlags(const CLI::App& app, absl::string_view what) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) flags.push_back(option->get_name());
  std::string meant;
  for (const std::string& argument : app.remaining()) {
    if (!absl::StartsWith(argument, "--") || !meant.empty()) continue;
    meant = DidYouMean(argument.substr(0, argument.find('=')), flags);
  }
  return absl::InvalidArgumentError(absl::StrCat(what, meant));
}

}  // namespace

absl::StatusOr<HostFlags> ParseHostFlags(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    // CLI11 takes the argument after "--name=" for its value.
    absl::string_view argument = argv[i];
    const bool empty_value =
        absl::StartsWith(argument, "--") && absl::ConsumeSuffix(&argument, "=");
    arguments.emplace_back(argument);
    if (empty_value) arguments.emplace_back();
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back

  RawFlags raw;
  CLI::App app;
  Declare(app, &raw);
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ExtrasError& error) {
    return UnknownFlags(app, absl::StrReplaceAll(error.what(), {{"\n", " "}}));
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrReplaceAll(error.what(), {{"\n", " "}}));
  }
  return Interpret(std::move(raw));
}

std::string HostFlagsHelp(absl::string_view program) {
  RawFlags raw;
  CLI::App app("Hosts RPyC services.", std::string(program));
  Declare(app, &raw);
  return app.help();
}

}  // namespace rpyc
