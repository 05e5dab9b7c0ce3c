#ifndef RPYC_BLOCKED_ON_PEER_H_
#define RPYC_BLOCKED_ON_PEER_H_

namespace rpyc {

// Says, for its scope, that this thread waits for a peer in the middle of a request. A thread of a
// pool has somebody do its work meanwhile; to others it is nothing. Scopes nest, since who waits
// serves: the outermost counts.
// Threads: of the one it was made on.
class BlockedOnPeer {
 public:
  // Told of the waits of the threads it watches, by each thread itself, under no lock.
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

  // Has `observer`, borrowed, told of this thread's waits from now on; null: nobody.
  static void ObserveThisThread(Observer* observer) { observer_of_thread_ = observer; }

 private:
  static thread_local Observer* observer_of_thread_;

  Observer* const observer_;
};

}  // namespace rpyc

#endif  // RPYC_BLOCKED_ON_PEER_H_
