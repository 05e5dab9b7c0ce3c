// client_load uses the C++ client as a program does: it calls root["add"](1, 2) again and again on
// one connection. It prints one JSON object of figures, as load does. The raw client that it is
// compared with is `load --blocking --operation=root.add`, which exchanges the same bytes.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "client/bg_serving_thread.h"
#include "client/client.h"
#include "rpyc/netref.h"
#include "tests/bench/load_options.h"
#include "tests/bench/measurement.h"

namespace rpyc::bench {
namespace {

struct Options : LoadOptions {
  int dialect = 6;
  int64_t calls = 0;  // 0: as long as the measurement lasts
  bool background = false;
};

// Makes as many calls as asked for; it has figures only if it runs for a time.
absl::StatusOr<Figures> Call(Client& client, const Options& options) {
  Netref root = client.root();
  auto add = root.Function<int(int, int)>("add");
  uint64_t errors = 0;
  if (options.calls > 0) {
    for (int64_t i = 0; i < options.calls; ++i) {
      if (add(1, 2) != 3) ++errors;
    }
    return Figures{{"errors", static_cast<double>(errors)}};
  }
  Measurement measurement(options.measurement);
  while (measurement.GoesOn()) {
    const uint64_t began = NowNanoseconds();
    if (add(1, 2) != 3) ++errors;
    measurement.Add(began);
  }
  return measurement.Finish(errors, 0);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("The C++ client asks an RPyC server one question many times.");
  DeclareMeasurement(app, &options);
  app.add_option("--dialect", options.dialect, "Of RPyC: 5 or 6.")->check(CLI::IsMember({5, 6}));
  app.add_option("--calls", options.calls, "Make so many and measure nothing.");
  app.add_flag("--background", options.background, "Serve by a thread of its own.");
  CLI11_PARSE(app, argc, argv);
  ClientOptions client_options;
  client_options.config.dialect = options.dialect;
  absl::StatusOr<Client> client = Connect("127.0.0.1", options.port, client_options);
  if (!client.ok()) return Report("client_load", client.status());
  std::optional<BgServingThread> background;
  if (options.background) background.emplace(*client);
  return Report("client_load", Call(*client, options));
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
