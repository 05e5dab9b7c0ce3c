#ifndef RPYC_REGISTRY_REGISTRAR_OPTIONS_H_
#define RPYC_REGISTRY_REGISTRAR_OPTIONS_H_

#include <string>

#include "absl/time/time.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Which registry to ask, and how; what RPyC gives the constructors of its registry clients.
struct RegistrarOptions {
  enum class Protocol { kUdp, kTcp };

  // Where it is. An IPv4 address with a 255 in it is asked by broadcast. Empty: 255.255.255.255,
  // whoever is on the local network; only with UDP.
  std::string hostname = "";
  int port = 18811;
  Protocol protocol = Protocol::kUdp;
  absl::Duration timeout = absl::Seconds(2);
  // Of a server that listens on all addresses: the one of them, numeric, that clients are sent to.
  // Empty: the one that leads to the registry.
  std::string advertised_hostname = "";
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRAR_OPTIONS_H_
