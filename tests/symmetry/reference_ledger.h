#ifndef RPYC_TESTS_SYMMETRY_REFERENCE_LEDGER_H_
#define RPYC_TESTS_SYMMETRY_REFERENCE_LEDGER_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "rpyc/channel.h"
#include "rpyc/dialect.h"
#include "rpyc/mutex.h"
#include "rpyc/stream.h"
#include "rpyc/testing/peer.h"
#include "rpyc/value.h"

namespace rpyc {

// Listens to both ends of one connection and counts references: what each end has sent of its
// objects (REMOTE_REF) and what the other has given back (DEL). It reads only the wire, and so
// knows nothing of how Connection counts.
// Threads: any.
class ReferenceLedger {
 public:
  explicit ReferenceLedger(Dialect dialect);

  // Returns `stream` with a listener: it is the end of the connection that `side`, 0 or 1, writes
  // to. It must not outlive the ledger.
  std::unique_ptr<Stream> Listen(int side, std::unique_ptr<Stream> stream);

  struct Totals {
    int64_t sent = 0;        // references to objects of one side
    int64_t given_back = 0;  // how many of those the other gave back
    // Lists objects whose sums differ, as "id: 3 sent, 1 given back", and which messages sent them.
    std::vector<std::string> held;
  };
  // Returns the totals of the objects of `side`.
  Totals totals(int side) const;
  // Lists what neither end may ever do: give back what it does not have, or name an object of the
  // other's that it has given back already.
  std::vector<std::string> breaches() const;

 private:
  class Listener;
  struct Count {
    int64_t sent = 0;
    int64_t given_back = 0;
    std::string messages;  // that sent it and gave it back
  };
  struct Side {
    explicit Side(const Limits& limits) : parser(limits) {}
    FrameParser parser;                   // of what it has written
    std::map<std::string, Count> counts;  // of its own objects
  };

  void Wrote(int side, absl::string_view bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read(int side, const PeerMessage& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadBoxed(int side, const PeerMessage& message, const Value& boxed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadRelease(int side, const Value& boxed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  const Peer peer_;
  mutable Mutex mutex_;
  std::array<Side, 2> sides_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> breaches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rpyc

#endif  // RPYC_TESTS_SYMMETRY_REFERENCE_LEDGER_H_
