#ifndef RPYC_REGISTRY_REGISTRY_FLAGS_H_
#define RPYC_REGISTRY_REGISTRY_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registry/messages.h"
#include "registry/registration.h"

namespace rpyc {

// The command line of the standalone registry: RPyC's own, read as RPyC's program reads it, and
// what that lacks: --host, --mode BOTH, --snapshot, --etcd, --max-registrations, --max-per-source.
// Source:  RPyC cli/rpyc_registry.py, 6.0.2, and the command line library that it uses.
struct RegistryFlags {
  bool help = false;
  bool version = false;
  bool udp = true;
  bool tcp = false;
  std::string host = "0.0.0.0";  // "::" with --ipv6, as RPyC's: open to the network
  int port = kRegistryPort;
  std::string logfile;  // empty: stderr
  bool quiet = false;   // only errors
  absl::Duration timeout = absl::Seconds(240);
  bool listing = false;
  std::string snapshot;  // a file; empty: none
  std::string etcd;      // HOST:PORT,...; empty: none
  RegistryLimits limits;
};

// Errors:  kInvalidArgument - in the words that RPyC's program has for it.
absl::StatusOr<RegistryFlags> ParseRegistryFlags(int argc, const char* const* argv);

// What --help prints.
std::string RegistryFlagsHelp();

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_FLAGS_H_
