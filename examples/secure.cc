#include "examples/secure.h"

namespace examples {

rpyc::Service Secure() {
  return rpyc::Service("SECURE")
      .Doc("The service of RPyC's example of a server with authentication.")
      .Expose(
          "sensitive_operation", [] { return "Secret data"; }, "Returns what is secret.");
}

}  // namespace examples
