#ifndef RPYC_TESTS_BENCH_PEERS_PEER_H_
#define RPYC_TESTS_BENCH_PEERS_PEER_H_

#include <cstddef>
#include <cstdint>

#include "tests/bench/load_options.h"
#include "tests/bench/measurement.h"

namespace rpyc::bench {

// This is a client of another RPC system, as a load generator needs it: it calls add(1, 2) or
// echo(data), as chosen when it was made. Its program owns it and calls it on one thread. What
// breaks a connection is an exception of that system's, and ends the program.
class Peer {
 public:
  virtual ~Peer() = default;

  // Opens one connection more.
  virtual void Connect() = 0;
  // Makes a call on the connection of that number and waits for it. It returns whether the answer
  // was right.
  virtual bool Call(size_t connection) = 0;
  // Keeps calls on their way until the measurement ends: one on each connection, unless the system
  // has a better way to have many. It returns how many answers were wrong.
  virtual uint64_t CallAtOnce(Measurement* measurement) = 0;
};

// Drives the peer as the options say: one connection blocking, many, or many held.
Figures Measure(Peer& peer, const LoadOptions& options);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_PEERS_PEER_H_
