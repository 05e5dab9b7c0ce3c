#ifndef RPYC_TESTS_SYMMETRY_SYMMETRIC_END_H_
#define RPYC_TESTS_SYMMETRY_SYMMETRIC_END_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "rpyc/pending_request.h"
#include "rpyc/service.h"
#include "rpyc/stream.h"
#include "rpyc/value.h"

namespace rpyc {

// This is one end of a connection whose ends are alike. Each end hands out its own objects, Tokens,
// keeps some of the other's, passes them back and forth, calls them, drops them, and is called back
// while it does: a random walk from a seed. A Token travels with its serial number, and the
// receiving end checks that it is the Token with that number.
// Threads: any.
class SymmetricEnd {
 public:
  // Says how a walk goes.
  struct Rules {
    bool abandons = false;  // it also leaves requests before they are answered
  };

  SymmetricEnd(std::string name, std::unique_ptr<Stream> stream, const Connection::Options* options,
               Rules rules);

  Connection& connection() { return connection_; }

  // Takes `steps` random steps on this thread; the calls, and the other end's calls in turn, begin
  // more of them.
  void Walk(uint64_t seed, int steps);
  // From now on nothing is kept and nothing begun: calls from the other end return at once.
  void Settle();
  // Asks the other end for a sign of life; the request carries what waits to be given back.
  absl::Status Ping();

  // Counts the Tokens of this end that exist, whichever end holds them.
  int64_t tokens() const { return tokens_.load(); }
  // Lists what went otherwise than it must.
  std::vector<std::string> mistakes() const;
  // Counts the calls that came to this end.
  int64_t visits() const { return visits_.load(); }

 private:
  class Token;
  class Walker;
  // Holds a Token of either end and the number that it must have.
  struct Thing {
    Value object;
    int64_t serial;
  };

  // This is what the other end calls: it takes random steps in the middle of one of the other end's
  // own. It returns pairs of an object and its serial number.
  absl::StatusOr<Value> Visit(uint64_t seed, int budget, std::vector<Value> pairs);
  Thing MakeThing();
  void Keep(Thing thing);
  void Check(const Thing& thing, std::mt19937_64& random);
  void Mistake(std::string what);

  const std::string name_;
  const Rules rules_;
  Service service_;
  std::atomic<int64_t> tokens_{0};
  std::atomic<int64_t> last_serial_{0};
  std::atomic<int64_t> visits_{0};
  std::atomic<bool> settling_{false};
  mutable Mutex mutex_;
  std::vector<Thing> kept_things_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> mistakes_ ABSL_GUARDED_BY(mutex_);
  Connection connection_;  // destroyed first: what it still runs uses the rest
};

}  // namespace rpyc

#endif  // RPYC_TESTS_SYMMETRY_SYMMETRIC_END_H_
