#ifndef RPYC_REGISTRY_REGISTRAR_OPTIONS_H_
#define RPYC_REGISTRY_REGISTRAR_OPTIONS_H_

#include <string>

#include "absl/time/time.h"
#include "registry/messages.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Says which registry to ask and how: the arguments of RPyC's registry clients.
struct RegistrarOptions {
  enum class Protocol { kUdp, kTcp };

  // The registry's host. An IPv4 address that contains a 255 is asked by broadcast. Empty, which
  // needs UDP: 255.255.255.255, every registry on the local network.
  std::string hostname = "";
  int port = kRegistryPort;
  Protocol protocol = Protocol::kUdp;
  absl::Duration timeout = absl::Seconds(2);
  // For a server that listens on all addresses: the numeric address that clients are sent to.
  // Empty: the address that leads to the registry.
  std::string advertised_hostname = "";
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRAR_OPTIONS_H_
