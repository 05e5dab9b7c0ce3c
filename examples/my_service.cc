#include "examples/my_service.h"

#include <string>

namespace examples {

rpyc::Service MyService() {
  return rpyc::Service("MY")
      .Doc("The service of RPyC's own server examples.")
      .Expose(
          "get_data", [](const std::string& key) { return "Data for " + key; }, rpyc::Arg("key"),
          "Returns the data stored under key.")
      .Expose(
          "get_status", [] { return "Running"; }, "Returns the state of the service.")
      .Expose(
          "hello", [] { return "Hello from logged server"; }, "Returns a greeting.")
      .Expose(
          "get_config", [] { return "Service running with custom config"; },
          "Returns how the service is configured.");
}

}  // namespace examples
