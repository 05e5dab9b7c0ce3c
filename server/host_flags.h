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

// The command line of a host program, with its defaults.
struct HostFlags {
  bool help = false;
  bool version = false;
  std::string admin_address = "127.0.0.1:18810";  // empty: no control plane
  std::vector<ServerOptions> servers;             // kind and service as written
  // What fd: of each of `servers` names, or empty: an InheritedSockets knows it.
  std::vector<std::string> inherited_sockets;
  int64_t max_total_bytes = 0;  // 0: the host's default
  absl::Duration drain_timeout = absl::Seconds(10);
  std::string log_level = "info";  // as spdlog names it
  HostRegistryOptions registry;    // with an empty address: none
};

// Reads a command line. Pure: knows neither kinds nor services.
// Errors:  kInvalidArgument - one line that names the flag: unknown, twice, a bad value, or an
//          argument that is no flag.
absl::StatusOr<HostFlags> ParseHostFlags(int argc, const char* const* argv);

// The flags explained, for --help; ends in a newline.
std::string HostFlagsHelp(absl::string_view program);

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_FLAGS_H_
