#ifndef RPYC_SERVER_ZYGOTE_H_
#define RPYC_SERVER_ZYGOTE_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

struct NurserySpec;

// The process that all others of a program are made from (start_zygote.h): it was forked while the
// program had one thread, has its services and nothing else, and never does more than fork. This is
// the program's end of it. Shared by those who start nurseries; the zygote ends with it, nurseries
// end with whoever has their channel. A zygote that dies leaves the nurseries as they are.
// Threads: any.
class Zygote {
 public:
  struct Process {
    Fd channel;
    pid_t pid = 0;
  };
  // Makes another zygote. Errors:  what went wrong.
  using Respawn = std::function<absl::StatusOr<Process>()>;

  enum class RunState {
    kRunning,
    kReplacing,  // it has died, and another is being made
    kGone,       // it has died, and there will be no other
  };
  struct Status {
    RunState state = RunState::kRunning;
    pid_t pid = 0;  // 0: there is none
    absl::Time start_time;
    int64_t restarts = 0;         // how often it was replaced
    std::string last_error = "";  // how the last one died; empty: none has
  };

  // Without `respawn` one that dies is not replaced.
  Zygote(Process process, Respawn respawn);
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  // From now on a thread sees when the zygote dies, logs and reaps it, and has it replaced; once.
  // Errors:  kResourceExhausted - no thread.
  absl::Status Watch();

  struct Nursery {
    Fd channel;     // nursery_messages.h; while it is open the other end is
    pid_t pid = 0;  // nobody else's while that is so
  };
  // Has it fork the nursery of a server, whose processes use the slots of `slots_fd`. Returns once
  // that can serve; waits for a zygote that is being replaced.
  // Errors:  kUnavailable - the zygote or the nursery has gone; kResourceExhausted - out of
  //          processes, descriptors or memory; what else the nursery says is wrong.
  absl::StatusOr<Nursery> StartNursery(const NurserySpec& spec, int slots_fd);

  Status status() const;

 private:
  class Supervisor;
  const std::shared_ptr<Supervisor> supervisor_;  // shared with the thread that watches
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ZYGOTE_H_
