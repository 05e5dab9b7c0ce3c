#ifndef RPYC_TESTS_BENCH_LOAD_OPTIONS_H_
#define RPYC_TESTS_BENCH_LOAD_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/bench/measurement.h"

namespace rpyc::bench {

// Holds the flags that load generators have in common, so that one plan drives them all.
struct LoadOptions {
  int port = 0;
  MeasurementOptions measurement;
  std::string operation = "add";
  size_t echo_bytes = 16;
  int connections = 1;
  bool blocking = false;
  bool hold = false;
};

// Declares the flags that say which server is measured and how long: --port, --server_pid,
// --seconds, --warmup_seconds.
void DeclareMeasurement(CLI::App& app, LoadOptions* options);
// Declares all other flags: they say which of `operations` is asked for, and in which way.
void DeclareWork(CLI::App& app, const std::vector<std::string>& operations, LoadOptions* options);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LOAD_OPTIONS_H_
