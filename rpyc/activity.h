#ifndef RPYC_ACTIVITY_H_
#define RPYC_ACTIVITY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "rpyc/call_context.h"
#include "rpyc/channel.h"
#include "rpyc/limits.h"
#include "rpyc/mutex.h"
#include "rpyc/stream.h"

namespace rpyc {

// Whether a connection's thread reads or runs, and who reads its stream while it runs long.
//
// A stock Python peer dies when a write of its makes no progress for 3 s, a 6.x peer's close()
// waits until its CLOSE is seen, and a call whose peer has gone should be told. So a watcher looks
// at each connection ten times a second. One that it finds in the same run at three looks it takes
// the stream from: it reads ahead into the stream's buffer, up to max_read_ahead_bytes and after
// that only a trickle, enough for the peer not to die. At the end of the stream, or at a CLOSE, it
// sets `cancelled`. The thread takes its stream back before it reads again. To an ordinary call all
// this costs nothing: the word that is swapped says also whether the connection may be drained.
//
// Borrows everything. Threads: as said at the members.
class Activity {
 public:
  Activity(const Limits& limits, Stream* stream, const FrameParser* parser,
           CallContext::Caller* caller)
      : limits_(limits), stream_(stream), parser_(parser), caller_(caller) {}

  // --- The thread that serves. ---

  // Before each read. The stream is the caller's own again. Answers whether to drain: to end rather
  // than read, unless requests are being served.
  bool BeginRead();
  // After each read; the parser is not read into until the next BeginRead.
  void BeginRun();
  // Around reads in the middle of a request: the connection is busy also while it reads.
  void BeginNested() { state_.fetch_or(kNested); }
  void EndNested() { state_.fetch_and(~kNested); }

  // --- Any thread. ---

  // Asks to end as soon as no request is served. Answers whether that is now: the caller then shuts
  // the stream.
  bool Drain();
  bool busy() const { return (state_.load(std::memory_order_relaxed) & (kRunning | kNested)) != 0; }

  // --- The watcher. ---

  static constexpr absl::Duration kLookInterval = absl::Milliseconds(100);
  // To be called every kLookInterval. Never waits, runs no user code.
  void Look();

 private:
  static constexpr uint32_t kRunning = 1;   // not reading
  static constexpr uint32_t kTaken = 2;     // the stream is the watcher's
  static constexpr uint32_t kDraining = 4;  // end when not busy
  static constexpr uint32_t kNested = 8;    // in a request that waits for the peer
  static constexpr uint32_t kRun = 16;      // one more run

  void ReadAheadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(taking_);
  bool FindCloseLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(taking_);

  const Limits& limits_;
  Stream* const stream_;
  const FrameParser* const parser_;
  CallContext::Caller* const caller_;

  std::atomic<uint32_t> state_{0};

  // The watcher's own.
  uint32_t last_look_ = 0;
  int looks_ = 0;

  Mutex taking_;
  bool ended_ ABSL_GUARDED_BY(taking_) = false;     // nothing more comes
  size_t next_frame_ ABSL_GUARDED_BY(taking_) = 0;  // where one goes on in what was read ahead
  std::string begun_ ABSL_GUARDED_BY(taking_);  // what the parser has of that one, if it matters
};

}  // namespace rpyc

#endif  // RPYC_ACTIVITY_H_
