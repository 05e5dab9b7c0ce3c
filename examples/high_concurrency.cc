#include "examples/high_concurrency.h"

#include <string>

#include "absl/time/time.h"
#include "rpyc/sleep.h"

namespace examples {

rpyc::Service HighConcurrency() {
  return rpyc::Service("HIGHCONCURRENCY")
      .Doc("The service of RPyC's example of a server for many connections that wait.")
      .Expose(
          "io_operation",
          [](const std::string& data) {
            rpyc::SleepFor(absl::Milliseconds(100));  // a slow device, say
            return "Processed: " + data;
          },
          rpyc::Arg("data"), "Returns data, processed, after 0.1 s of waiting.");
}

}  // namespace examples
