#include "tests/bench/load_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rpyc::bench {

void DeclareMeasurement(CLI::App& app, LoadOptions* options) {
  app.add_option("--port", options->port, "Where the server listens on 127.0.0.1.")->required();
  app.add_option("--server_pid", options->measurement.server_pid,
                 "Whose CPU time and memory to look at.");
  app.add_option("--seconds", options->measurement.seconds);
  app.add_option("--warmup_seconds", options->measurement.warmup_seconds);
}

void DeclareWork(CLI::App& app, const std::vector<std::string>& operations, LoadOptions* options) {
  app.add_option("--operation", options->operation,
                 absl::StrCat("What to call: ", absl::StrJoin(operations, ", "), "."))
      ->check(CLI::IsMember(operations));
  app.add_option("--echo_bytes", options->echo_bytes, "Size of what echo gets.");
  CLI::Option* const connections =
      app.add_option("--connections", options->connections)->check(CLI::PositiveNumber);
  app.add_flag("--blocking", options->blocking, "One connection, each call waited for.")
      ->excludes(connections);
  app.add_flag("--hold", options->hold,
               "Memory of connections that have made one call; then each makes another.");
}

}  // namespace rpyc::bench
