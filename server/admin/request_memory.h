#ifndef RPYC_SERVER_ADMIN_REQUEST_MEMORY_H_
#define RPYC_SERVER_ADMIN_REQUEST_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "server/server_directory.h"

namespace rpyc {

// Makes repeating a StartServer harmless: for ten minutes, and for the last thousand requests, a
// request_id gets the same answer again. It remembers only successes; after an error the request
// may be tried again.
// Threads: any.
class RequestMemory {
 public:
  using Answer = absl::StatusOr<ServerRecord>;
  static constexpr absl::Duration kLifetime = absl::Minutes(10);
  static constexpr size_t kMaxEntries = 1000;

  // `now` returns the time; tests pass their own clock.
  explicit RequestMemory(std::function<absl::Time()> now = &absl::Now) : now_(std::move(now)) {}

  // Runs `start`, or returns what it returned when the same id came with the same request. While it
  // runs, an equal request waits for it and gets the same answer, even if that is an error.
  // Errors:  REQUEST_ID_REUSED - the id came with another request before; those of `start`.
  Answer RunOnce(absl::string_view request_id, uint64_t fingerprint,
                 absl::FunctionRef<Answer()> start);

  // Whether RunOnce would refuse, without running anything.
  absl::Status Check(absl::string_view request_id, uint64_t fingerprint) const;

 private:
  struct Entry {
    uint64_t fingerprint;
    absl::Time answered = absl::InfiniteFuture();  // infinite while `start` runs
    Answer answer = absl::UnknownError("not answered yet");
  };
  // Fails if `entry` is of another request.
  static absl::Status CheckFingerprint(const std::string& id, const Entry& entry,
                                       uint64_t fingerprint);
  // Forgets the entries that are too old or too many.
  void ExpireLocked(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<absl::Time()> now_;
  mutable Mutex mutex_;
  CondVar answered_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> order_ ABSL_GUARDED_BY(mutex_);  // answered ids, oldest first
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_REQUEST_MEMORY_H_
