#ifndef RPYC_PEER_WAIT_H_
#define RPYC_PEER_WAIT_H_

namespace rpyc {

// Says, for its scope, that this thread waits for a peer in the middle of a request. A thread of a
// pool has somebody do its work meanwhile; to others it is nothing. Scopes nest, since who waits
// serves: the outermost counts.
// Threads: of the one it was made on.
class PeerWait {
 public:
  // Told of the waits of the threads it watches, by each thread itself, under no lock.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void BeginWait() = 0;
    virtual void EndWait() = 0;
  };

  PeerWait() : observer_(of_thread_) {
    if (observer_ == nullptr) return;
    of_thread_ = nullptr;
    observer_->BeginWait();
  }
  ~PeerWait() {
    if (observer_ == nullptr) return;
    observer_->EndWait();
    of_thread_ = observer_;
  }
  PeerWait(const PeerWait&) = delete;
  PeerWait& operator=(const PeerWait&) = delete;

  // Has `observer`, borrowed, told of this thread's waits from now on; null: nobody.
  static void ObserveThisThread(Observer* observer) { of_thread_ = observer; }

 private:
  static thread_local Observer* of_thread_;

  Observer* const observer_;
};

}  // namespace rpyc

#endif  // RPYC_PEER_WAIT_H_
