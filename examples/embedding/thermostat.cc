// This is a controller with its own main loop, signals and log, which Python can talk to: it embeds
// a rpyc::Host. What Python calls runs on the main loop, between two steps of the control, so the
// controller needs no lock.
//
// Build:   g++ -std=c++20 thermostat.cc $(pkg-config --cflags --libs rpychost) -o thermostat
// Run:     ./thermostat [PORT [ADMIN_ADDRESS]], then thermostat_client.py or thermostat_client

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>

#include "main_loop.h"
#include "rpyc/errors.h"
#include "rpyc/service.h"
#include "server/host.h"
#include "server/log_sink.h"

namespace {

// This is the program's own business. It belongs to the main loop.
class Thermostat {
 public:
  // Lets a tenth of a second pass.
  void Step() { temperature_ += (target_ - temperature_) / 10; }

  double temperature() const { return temperature_; }
  double target() const { return target_; }
  void SetTarget(double celsius) {
    if (!(celsius >= 5 && celsius <= 30))
      throw rpyc::ValueError("a target is from 5 to 30 degrees");
    target_ = celsius;
  }

  friend void RpycExpose(rpyc::ClassDef<Thermostat>& c) {
    c.Doc("The thermostat of the room.");
    c.Property("temperature", &Thermostat::temperature, "In degrees Celsius.");
    c.Property("target", &Thermostat::target, "What it heats to.");
    c.Expose("set_target", &Thermostat::SetTarget, rpyc::Arg("celsius"), "Heats, or cools, to it.");
  }

 private:
  double temperature_ = 15;
  double target_ = 20;
};

MainLoop main_loop;
volatile std::sig_atomic_t stopped = 0;

void Stop(int /*signal*/) {
  stopped = 1;
  main_loop.Wake();
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, &Stop);
  std::signal(SIGTERM, &Stop);
  const auto thermostat = std::make_shared<Thermostat>();

  rpyc::SetLogSink(rpyc::LogLevel::kWarning, [](rpyc::LogLevel, absl::string_view line) {
    std::fprintf(stderr, "thermostat: %.*s\n", static_cast<int>(line.size()), line.data());
  });
  const int port = argc > 1 ? std::atoi(argv[1]) : 18861;
  const rpyc::Executor on_main_loop = [](std::function<void()> task) {
    main_loop.Post(std::move(task));
  };
  rpyc::HostOptions options;
  options.services = {rpyc::Service::Shared("THERMOSTAT", thermostat).RunOn(on_main_loop)};
  options.servers = {{.kind = "threaded", .service = "THERMOSTAT", .port = port}};
  if (argc > 2) options.admin_address = argv[2];
  const auto host = rpyc::Host::Start(std::move(options));
  if (!host.ok()) {
    std::fprintf(stderr, "thermostat: %s\n", host.status().ToString().c_str());
    return 1;
  }
  for (const rpyc::ServerRecord& server : (*host)->servers().ListServers(/*show_closed=*/false)) {
    std::printf("thermostat: listening on %s\n", server.snapshot.address().c_str());
  }
  if (argc > 2) std::printf("thermostat: admin on %s\n", (*host)->admin_address().c_str());
  std::fflush(stdout);

  auto next_step = std::chrono::steady_clock::now();
  while (!stopped) {
    if (std::chrono::steady_clock::now() >= next_step) {
      thermostat->Step();
      next_step += std::chrono::milliseconds(100);
    }
    main_loop.RunUntil(next_step);
  }
  // This thread runs no more tasks. Without Close, calls that wait for it would wait for ever, and
  // the host would wait for them.
  main_loop.Close();
  (*host)->Close(absl::Seconds(2));
  std::printf("thermostat: off at %.1f degrees\n", thermostat->temperature());
}
