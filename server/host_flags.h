#ifndef RPYC_SERVER_HOST_FLAGS_H_
#define RPYC_SERVER_HOST_FLAGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/host_registry_options.h"
#include "server/server_options.h"

namespace rpyc {

// What the command line of a host program says; flags that are not given have their defaults.
struct HostFlags {
  bool help = false;
  bool version = false;
  std::string admin_address = "127.0.0.1:18810";  // empty: no control plane
  std::vector<ServerOptions> servers;             // kind and service as written
  // For each of `servers` the name after "fd:", which InheritedSockets knows, or empty.
  std::vector<std::string> inherited_sockets;
  int64_t max_total_bytes = 0;  // 0: the host's default
  absl::Duration drain_timeout = absl::Seconds(10);
  std::string log_level = "info";  // as spdlog names it
  HostRegistryOptions registry;    // with an empty address: no registry
};

// Reads a command line. It checks neither kinds nor services.
// Errors:  kInvalidArgument - one line that names the flag: it is unknown, given twice or has a bad
//          value, or an argument is not a flag.
absl::StatusOr<HostFlags> ParseHostFlags(int argc, const char* const* argv);

// What --help prints about the flags; it ends with a newline.
std::string HostFlagsHelp(absl::string_view program);

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_FLAGS_H_
