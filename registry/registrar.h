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
// Each request has a socket of its own, and waits for the answer, `timeout` at most, or until
// `interrupt` is set (kCancelled). A registry that refuses something is silent, as RPyC's is.
// Errors:  kInvalidArgument - no such host; kUnavailable - nobody is there; kDeadlineExceeded - no
//          answer. All name the registry.
// Threads: any.
// Source:  RPyC utils/registry.py, UDPRegistryClient and TCPRegistryClient, 5.3.1 and 6.0.2.
class Registrar {
 public:
  explicit Registrar(RegistrarOptions options) : options_(std::move(options)) {}

  // Announces a server on `port` under `aliases`, until the registry's pruning timeout. Clients are
  // sent to the address that the request comes from: `from`, numeric, which must be one of this
  // machine, or, if it is empty, whichever leads to the registry.
  absl::Status Register(const std::vector<std::string>& aliases, int port,
                        const std::string& from = "", const Interrupt* interrupt = nullptr) const;
  // Takes that back, for all aliases.
  absl::Status Unregister(int port, const std::string& from = "") const;
  // The servers of a service, the one announced longest ago first; there may be none.
  absl::StatusOr<std::vector<ServerAddress>> Discover(absl::string_view service_name) const;
  // The names of all services, or of those at `filter_host`.
  // Errors:  also kPermissionDenied - the registry does not tell.
  absl::StatusOr<std::vector<std::string>> List(absl::string_view filter_host = "") const;

  const RegistrarOptions& options() const { return options_; }
  // "registry 10.0.0.1:18811 (udp)".
  std::string label() const;

 private:
  // Reads an answer; an error says that it is none, or but a part of one.
  using ParseReply = absl::FunctionRef<absl::Status(absl::string_view)>;
  absl::Status Ask(const RegistryRequest& request, const std::string& from, absl::Duration timeout,
                   const Interrupt* interrupt, ParseReply parse) const;

  const RegistrarOptions options_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRAR_H_
