#ifndef RPYC_REGISTRY_REQUEST_HANDLER_H_
#define RPYC_REGISTRY_REQUEST_HANDLER_H_

#include <cstddef>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registry/messages.h"
#include "registry/registry_store.h"

namespace rpyc {

// The most bytes of an answer, which depend on the transport.
struct ReplySizes {
  size_t servers = kMaxRegistryReplyBytes;  // to QUERY
  size_t names = kMaxRegistryReplyBytes;    // to LIST
};

// Answers requests of RPyC's registry clients from a store.
// Owns:    nothing; it borrows the store.
// Threads: Handle from any thread.
// Source:  RPyC utils/registry.py, RegistryServer.cmd_*, 5.3.1 and 6.0.2.
class RegistryRequestHandler {
 public:
  // Receives the answer, or why there is none. RPyC's clients know no errors: they get no answer.
  using Reply = absl::AnyInvocable<void(absl::StatusOr<std::string>) &&>;

  RegistryRequestHandler(RegistryStore* store, bool allow_listing)
      : store_(*store), allow_listing_(allow_listing) {}

  // Answers a request of `source`, a numeric address. `reply` is called as the store calls `done`.
  void Handle(const RegistryRequest& request, absl::string_view source, const ReplySizes& sizes,
              Reply reply);

 private:
  RegistryStore& store_;
  const bool allow_listing_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REQUEST_HANDLER_H_
