#include "examples/configured.h"

namespace examples {

rpyc::Service Configured() {
  return rpyc::Service("CONFIGURED")
      .Doc("The service of RPyC's example of a server with options.")
      .Expose(
          "get_config", [] { return "Service running with custom config"; },
          "Returns how the service is configured.");
}

}  // namespace examples
