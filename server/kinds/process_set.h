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

// The processes of a server's connections, as the host sees them: has the nursery fork them, hears
// how they end, counts and logs that, and drains them. A nursery that dies takes its processes with
// it and is replaced, while clients wait in the listener's backlog, or for their process, which the
// next one makes; one that dies over and over (RespawnPolicy) fails the server. Shared by the kind
// and the thread that reads the nursery's reports. Threads: any, except as said.
class ProcessSet : public std::enable_shared_from_this<ProcessSet> {
 public:
  // Of `context` it uses zygote, setup, options and failed.
  explicit ProcessSet(const KindContext& context);

  // Has a nursery made, and begins to read its reports; once. Errors:  those of
  // Zygote::StartNursery; kResourceExhausted - out of threads or memory.
  absl::Status Start();
  // As ServerKind::Admit; waits while the nursery is being replaced. One thread's.
  absl::Status Admit(Socket socket);
  // As ServerKind::Drain. When it returns the nursery has ended, and with it what was left.
  void Drain(absl::Time deadline);
  ServerKindStats Stats() const;

 private:
  class Process;
  struct Nursery;
  struct Placement;
  using ProcessPtr = std::shared_ptr<Process>;
  using NurseryPtr = std::shared_ptr<Nursery>;
  using PlacementPtr = std::shared_ptr<const Placement>;

  absl::StatusOr<NurseryPtr> MakeNursery();
  absl::StatusOr<NurseryPtr> AwaitNursery(const NurseryPtr& except);
  static absl::StatusOr<PlacementPtr> TakePlacement(const NurseryPtr& nursery);
  absl::Status SendCertificates(Nursery& nursery);
  void Run(NurseryPtr nursery);
  void ReadReports(const Nursery& nursery);
  void OnReport(const NurseryReport& report);
  ProcessPtr Take(uint64_t number);
  void OnProcessEnded(const ProcessPtr& process, const absl::Status& death);
  bool OnNurseryGone();
  void MoveUnserved(const NurseryPtr& nursery);
  NurseryPtr Replace(absl::Duration lived);

  const std::shared_ptr<Zygote> zygote_;
  const std::shared_ptr<SessionSetup> setup_;
  const std::function<void(absl::Status)> failed_;
  const ServerOptions options_;
  SessionSet sessions_;
  std::atomic<bool> killed_{false};  // whatever is left, by Drain

  // Of the thread that reads reports.
  RespawnPolicy policy_;
  std::vector<ProcessPtr> unserved_;  // whose nursery died before it had made them

  mutable Mutex mutex_;
  CondVar changed_;
  NurseryPtr nursery_ ABSL_GUARDED_BY(mutex_);  // null: it has gone
  // By their connections' numbers in the ledger.
  std::unordered_map<uint64_t, ProcessPtr> processes_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;   // the nursery may go
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);    // of a nursery that is not replaced any more
  bool all_ended_ ABSL_GUARDED_BY(mutex_) = false;  // nothing is left of any nursery
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_PROCESS_SET_H_
