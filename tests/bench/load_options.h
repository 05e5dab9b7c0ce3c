#ifndef RPYC_TESTS_BENCH_LOAD_OPTIONS_H_
#define RPYC_TESTS_BENCH_LOAD_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/bench/measurement.h"

namespace rpyc::bench {

// The flags that load generators have in common, so that one plan drives them all.
struct LoadOptions {
  int port = 0;
  MeasurementOptions measurement;
  std::string operation = "add";
  size_t echo_bytes = 16;
  int connections = 1;
  bool blocking = false;
  bool hold = false;
};

// Which server, and how long: --port, --server_pid, --seconds, --warmup_seconds.
void DeclareMeasurement(CLI::App& app, LoadOptions* options);
// What to ask, one of `operations`, and in which way: all the others.
void DeclareWork(CLI::App& app, const std::vector<std::string>& operations, LoadOptions* options);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LOAD_OPTIONS_H_
