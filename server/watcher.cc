#include "server/watcher.h"

#include <string>
#include <unordered_set>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "server/log.h"
#include "server/thread.h"

namespace rpyc {

class Watcher::Core : public std::enable_shared_from_this<Core> {
 public:
  void Add(Connection* connection) {
    MutexLock lock(&mutex_);
    connections_.insert(connection);
    if (asleep_) changed_.Signal();
    if (running_) return;
    absl::Status started = StartThread([core = shared_from_this()] { core->Watch(); });
    running_ = started.ok();
    if (!running_) Log().warn("connections are not watched: {}", std::string(started.message()));
  }

  void Remove(Connection* connection) {
    MutexLock lock(&mutex_);
    connections_.erase(connection);
  }

  void Stop() {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }

 private:
  void Watch() {
    MutexLock lock(&mutex_);
    while (!stopping_) {
      if (connections_.empty()) {
        asleep_ = true;
        changed_.Wait(&mutex_);
        asleep_ = false;
        continue;
      }
      const absl::Time next = absl::Now() + Connection::kLookInterval;
      while (!stopping_ && changed_.WaitUntil(&mutex_, next)) {
      }
      for (Connection* connection : connections_) connection->Look();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool asleep_ ABSL_GUARDED_BY(mutex_) = false;  // until there is a connection
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_set<Connection*> connections_ ABSL_GUARDED_BY(mutex_);
};

Watcher::Watcher() : core_(std::make_shared<Core>()) {}

Watcher::~Watcher() { core_->Stop(); }

void Watcher::Add(Connection* connection) { core_->Add(connection); }

void Watcher::Remove(Connection* connection) { core_->Remove(connection); }

}  // namespace rpyc
