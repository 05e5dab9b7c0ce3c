#ifndef RPYC_BLOCKED_ON_PEER_H_
#define RPYC_BLOCKED_ON_PEER_H_

namespace rpyc {

// Says, for its scope, that this thread waits for a peer in the middle of a request. A pool has a
// replacement thread do the work of such a thread of its own; on any other thread this does
// nothing. Scopes nest, for a thread that waits serves: only the outermost counts.
// Threads: the one it was made on.
class BlockedOnPeer {
 public:
  // Each thread that it observes calls it, with no lock held.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void BeginWait() = 0;
    virtual void EndWait() = 0;
  };

  BlockedOnPeer() : observer_(observer_of_thread_) {
    if (observer_ == nullptr) return;
    observer_of_thread_ = nullptr;
    observer_->BeginWait();
  }
  ~BlockedOnPeer() {
    if (observer_ == nullptr) return;
    observer_->EndWait();
    observer_of_thread_ = observer_;
  }
  BlockedOnPeer(const BlockedOnPeer&) = delete;
  BlockedOnPeer& operator=(const BlockedOnPeer&) = delete;

  // Has this thread's waits reported to `observer`, which is borrowed, from now on; with null, to
  // no observer.
  static void ObserveThisThread(Observer* observer) { observer_of_thread_ = observer; }

 private:
  static thread_local Observer* observer_of_thread_;

  Observer* const observer_;
};

}  // namespace rpyc

#endif  // RPYC_BLOCKED_ON_PEER_H_
