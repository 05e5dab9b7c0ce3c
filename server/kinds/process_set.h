#ifndef RPYC_SERVER_KINDS_PROCESS_SET_H_
#define RPYC_SERVER_KINDS_PROCESS_SET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/socket.h"
#include "server/kinds/session_set.h"
#include "server/nursery_messages.h"
#include "server/process_slots.h"
#include "server/rpyc_session.h"
#include "server/server_kind.h"
#include "server/server_options.h"
#include "server/zygote.h"

namespace rpyc {

// The processes of a server's connections, as the host sees them: has the nursery fork them, hears
// how they end, counts and logs that, and drains them. Shared by the kind and the thread that reads
// the nursery's reports, which ends when the nursery has gone.
// Threads: any, except as said.
class ProcessSet : public std::enable_shared_from_this<ProcessSet> {
 public:
  // `nursery` uses `slots` and has certificates of that version. Of `context` it uses setup,
  // options and failed.
  ProcessSet(const KindContext& context, ProcessSlots slots, int64_t certificates,
             Zygote::Nursery nursery);

  // Begins to read reports; once. Errors:  kResourceExhausted - out of threads.
  absl::Status Start();
  // As ServerKind::Admit. One thread's.
  absl::Status Admit(Socket socket);
  // As ServerKind::Drain. When it returns the nursery has ended, and with it what was left.
  void Drain(absl::Time deadline);
  ServerKindStats Stats() const;

 private:
  class Process;
  using ProcessPtr = std::shared_ptr<Process>;

  absl::Status SendCertificates();
  absl::Status Send(const NurseryOrder& order, int fd);
  void ReadReports();
  void Heard(const NurseryReport& report);
  ProcessPtr Take(uint64_t number);
  void Ended(const ProcessPtr& process, const absl::Status& death);
  void Lost();

  const std::shared_ptr<SessionSetup> setup_;
  const std::function<void(absl::Status)> failed_;
  const ServerOptions options_;
  const ProcessSlots slots_;
  FreeSlots free_slots_;
  const Zygote::Nursery nursery_;
  SessionSet sessions_;
  std::atomic<bool> killed_{false};  // whatever is left, by Drain

  // Of the thread that admits.
  int64_t certificates_;  // version of those that the nursery has

  mutable Mutex mutex_;
  CondVar changed_;
  // By their connections' numbers in the ledger.
  std::unordered_map<uint64_t, ProcessPtr> processes_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;   // the nursery may go
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;       // it has gone
  bool all_ended_ ABSL_GUARDED_BY(mutex_) = false;  // and nothing is left of it
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_PROCESS_SET_H_
