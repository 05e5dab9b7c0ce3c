#ifndef RPYC_REGISTRY_REGISTRAR_H_
#define RPYC_REGISTRY_REGISTRAR_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/interrupt.h"
#include "registry/messages.h"
#include "registry/registrar_options.h"

namespace rpyc {

// A client of RPyC's registries, ours and RPyC's own: UDPRegistryClient and TCPRegistryClient.
// Each request has a socket of its own. It waits for the answer for at most options().timeout, or
// until `interrupt` is set. A registry that refuses a request stays silent, as RPyC's does.
// Errors:  kInvalidArgument - no such host; kUnavailable - no process listens there;
//          kDeadlineExceeded - no answer; kCancelled - interrupted. All name the registry.
// Threads: any.
// Source:  RPyC utils/registry.py, UDPRegistryClient and TCPRegistryClient, 5.3.1 and 6.0.2.
class Registrar {
 public:
  explicit Registrar(RegistrarOptions options) : options_(std::move(options)) {}

  // Announces a server on `port` under `aliases`; the announcement lasts for the registry's pruning
  // timeout. The registry sends clients to the address that the request comes from. `from` chooses
  // that address, a numeric one of this machine; if it is empty, the kernel chooses the one that
  // leads to the registry.
  absl::Status Register(const std::vector<std::string>& aliases, int port,
                        const std::string& from = "", const Interrupt* interrupt = nullptr) const;
  // Takes the announcement back, for all aliases.
  absl::Status Unregister(int port, const std::string& from = "") const;
  // The servers of a service, the least recently announced first. The list may be empty.
  absl::StatusOr<std::vector<ServerAddress>> Discover(absl::string_view service_name) const;
  // The names of all services, or of those at `filter_host`.
  // Errors:  kPermissionDenied also - the registry does not allow listing.
  absl::StatusOr<std::vector<std::string>> List(absl::string_view filter_host = "") const;

  const RegistrarOptions& options() const { return options_; }
  // "registry 10.0.0.1:18811 (udp)".
  std::string label() const;

 private:
  // Reads an answer. An error says that the bytes are not an answer, or only a part of one.
  using ParseReply = absl::FunctionRef<absl::Status(absl::string_view)>;
  absl::Status Ask(const RegistryRequest& request, const std::string& from, absl::Duration timeout,
                   const Interrupt* interrupt, ParseReply parse) const;

  const RegistrarOptions options_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRAR_H_
