#include "examples/test_service.h"

namespace examples {

rpyc::Service TestService() {
  return rpyc::Service("TEST")
      .Doc("The service of RPyC's example of a server for one connection.")
      .Expose(
          "test_function", [] { return "Test successful"; }, "Returns how the test went.");
}

}  // namespace examples
