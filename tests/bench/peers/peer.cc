#include "tests/bench/peers/peer.h"

#include "tests/bench/process_usage.h"

namespace rpyc::bench {
namespace {

// Opens connections and makes a call on each, so that what a client's first call brings in has
// come. It returns how many answers were wrong.
uint64_t Open(Peer& peer, size_t first, size_t count) {
  uint64_t errors = 0;
  for (size_t i = first; i < first + count; ++i) {
    peer.Connect();
    if (!peer.Call(i)) ++errors;
  }
  return errors;
}

Figures Hold(Peer& peer, const LoadOptions& options) {
  const auto count = static_cast<size_t>(options.connections);
  // The first connection brings in what all of them share.
  uint64_t errors = Open(peer, 0, 1);
  const MemoryUse before = MemoryOf(options.measurement.server_pid);
  errors += Open(peer, 1, count);
  const MemoryUse after = MemoryOf(options.measurement.server_pid);
  for (size_t i = 1; i <= count; ++i) {
    if (!peer.Call(i)) ++errors;
  }
  return FiguresOfHeld(before, after, options.connections, errors);
}

}  // namespace

Figures Measure(Peer& peer, const LoadOptions& options) {
  if (options.hold) return Hold(peer, options);
  uint64_t errors = Open(peer, 0, static_cast<size_t>(options.connections));
  Measurement measurement(options.measurement);
  if (options.blocking) {
    while (measurement.GoesOn()) {
      const uint64_t began = NowNanoseconds();
      if (!peer.Call(0)) ++errors;
      measurement.Add(began);
    }
  } else {
    errors += peer.CallAtOnce(&measurement);
  }
  return measurement.Finish(errors, options.operation == "echo" ? 2 * options.echo_bytes : 0);
}

}  // namespace rpyc::bench
