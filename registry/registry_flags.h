#ifndef RPYC_REGISTRY_REGISTRY_FLAGS_H_
#define RPYC_REGISTRY_REGISTRY_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registry/messages.h"
#include "registry/registration.h"

namespace rpyc {

// The command line of the standalone registry. It has the flags of RPyC's own program, read in the
// same way, and some more: --host, --mode BOTH, --snapshot, --etcd, --max-registrations and
// --max-per-source.
// Source:  RPyC cli/rpyc_registry.py, 6.0.2, and the command line library that it uses.
struct RegistryFlags {
  bool help = false;
  bool version = false;
  bool udp = true;
  bool tcp = false;
  std::string host = "0.0.0.0";  // open to the network, as RPyC's; "::" with --ipv6
  int port = kRegistryPort;
  std::string logfile;  // empty: stderr
  bool quiet = false;   // logs only errors
  absl::Duration timeout = kDefaultPruningTimeout;
  bool listing = false;
  std::string snapshot;  // a file; empty: none
  std::string etcd;      // HOST:PORT,...; empty: none
  RegistryLimits limits;
};

// Reads a command line.
// Errors:  kInvalidArgument - in the words of RPyC's program.
absl::StatusOr<RegistryFlags> ParseRegistryFlags(int argc, const char* const* argv);

// What --help prints.
std::string RegistryFlagsHelp();

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_FLAGS_H_
