#ifndef RPYC_SERVER_KINDS_PROCESS_SET_H_
#define RPYC_SERVER_KINDS_PROCESS_SET_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/socket.h"
#include "server/kinds/session_set.h"
#include "server/nursery_messages.h"
#include "server/respawn_policy.h"
#include "server/rpyc_session.h"
#include "server/server_kind.h"
#include "server/server_options.h"
#include "server/zygote.h"

namespace rpyc {

// The processes of a server's connections, as the host sees them: it has the nursery fork them, is
// told how they end, counts and logs that, and drains them. A nursery that dies takes its processes
// with it and is replaced. Meanwhile clients wait in the listener's backlog; those that were
// accepted already wait for a process of the next nursery. A nursery that dies over and over
// (RespawnPolicy) fails the server.
// Owns: shared by the kind and the report thread, which reads the nursery's reports.
// Threads: any, except as said.
class ProcessSet : public std::enable_shared_from_this<ProcessSet> {
 public:
  // Uses zygote, setup, options and failed of `context`.
  explicit ProcessSet(const KindContext& context);

  // Has a nursery made and starts the report thread. Call it once.
  // Errors:  those of Zygote::StartNursery; kResourceExhausted - out of threads or memory.
  absl::Status Start();
  // Does what ServerKind::Admit says; waits while the nursery is being replaced.
  // Threads: one, the admitting thread.
  absl::Status Admit(Socket socket);
  // Does what ServerKind::Drain says. When it returns, the nursery and all its processes have
  // ended.
  void Drain(absl::Time deadline);
  ServerKindStats Stats() const;

 private:
  class Process;
  struct Nursery;
  struct Placement;
  using ProcessPtr = std::shared_ptr<Process>;
  using NurseryPtr = std::shared_ptr<Nursery>;
  using PlacementPtr = std::shared_ptr<const Placement>;

  // Has the zygote start a nursery with the server's present certificates, and waits until it is
  // ready; mutex_ must not be held.
  // Threads: the one in Start, and then the report thread.
  absl::StatusOr<NurseryPtr> MakeNursery();
  // Waits for a nursery other than `except`, which has died; takes mutex_.
  // Errors:  kCancelled - the server is closing; failure_ - no nursery will be made any more.
  // Threads: the admitting thread.
  absl::StatusOr<NurseryPtr> AwaitNursery(const NurseryPtr& except);
  // Takes a free slot of `nursery` for a process.
  // Errors:  kResourceExhausted.
  // Threads: any; nothing need be locked.
  static absl::StatusOr<PlacementPtr> TakePlacement(const NurseryPtr& nursery);
  // Sends the host's certificates if they are not those that `nursery` has.
  // Threads: the admitting thread.
  absl::Status SendCertificates(Nursery& nursery);
  // Reads the reports of one nursery after the other, until there is no further one. This is the
  // body of the report thread.
  void Run(NurseryPtr nursery);
  // Reads reports until the nursery has gone.
  // Threads: the report thread.
  void ReadReports(const Nursery& nursery);
  // Acts on one report; takes mutex_.
  // Threads: the report thread.
  void OnReport(const NurseryReport& report);
  // Takes a process out of processes_, under mutex_. Null: there is none of that number.
  // Threads: the report thread.
  ProcessPtr Take(uint64_t number);
  // Records the end of `process` in the ledger, the log and sessions_. `death` is how the process
  // ended, and counts unless its session had ended before. mutex_ must not be held.
  // Threads: the report thread.
  void OnProcessEnded(const ProcessPtr& process, const absl::Status& death);
  // The nursery has gone, and its processes with it. Keeps those in unserved_ that it had not made
  // yet, and ends the rest; takes mutex_. Returns whether another nursery is wanted.
  // Threads: the report thread.
  bool OnNurseryGone();
  // Has `nursery`, which no other thread knows yet, make the processes in unserved_; takes mutex_.
  // It does not wait: the channel holds as many messages as the one before.
  // Threads: the report thread.
  void MoveUnserved(const NurseryPtr& nursery);
  // Has another nursery made for one that has died after it had lived so long, and publishes it in
  // nursery_; takes mutex_, and waits between attempts. Null: the server is closing, or has failed.
  // Threads: the report thread.
  NurseryPtr Replace(absl::Duration lived);

  const std::shared_ptr<Zygote> zygote_;
  const std::shared_ptr<SessionSetup> setup_;
  const std::function<void(absl::Status)> failed_;
  const ServerOptions options_;
  SessionSet sessions_;
  std::atomic<bool> killed_{false};  // Drain has begun to kill what is left

  // Used by the report thread only.
  RespawnPolicy policy_;
  std::vector<ProcessPtr> unserved_;  // their nursery died before it had made them

  mutable Mutex mutex_;
  CondVar changed_;
  NurseryPtr nursery_ ABSL_GUARDED_BY(mutex_);  // null: the last one has died
  // The key is the connection's number in the ledger.
  std::unordered_map<uint64_t, ProcessPtr> processes_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;   // no nursery is replaced any more
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);    // why no nursery is made any more
  bool all_ended_ ABSL_GUARDED_BY(mutex_) = false;  // the report thread has ended
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_PROCESS_SET_H_
