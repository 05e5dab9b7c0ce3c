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

// How long answers may get, for who asks by which transport.
struct ReplySizes {
  size_t servers = kMaxRegistryReplyBytes;
  size_t names = kMaxRegistryReplyBytes;
};

// What a registry says to a request. Borrows the store.
// Threads: Handle from any thread.
// Source:  RPyC utils/registry.py, RegistryServer.cmd_*, 5.3.1 and 6.0.2.
class RegistryRequestHandler {
 public:
  // The answer, or why there is none: RPyC's clients know no errors, silence tells them.
  using Reply = absl::AnyInvocable<void(absl::StatusOr<std::string>) &&>;

  RegistryRequestHandler(RegistryStore* store, bool allow_listing)
      : store_(*store), allow_listing_(allow_listing) {}

  // Answers what `source`, a numeric address, asks. `reply` as the store's `done`.
  void Handle(const RegistryRequest& request, absl::string_view source, const ReplySizes& sizes,
              Reply reply);

 private:
  RegistryStore& store_;
  const bool allow_listing_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REQUEST_HANDLER_H_
