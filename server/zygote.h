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

// The program's end of its zygote, the process that forks all nurseries (start_zygote.h). The
// zygote was forked while the program had one thread, has its services and nothing else, and does
// nothing but fork. It ends with this object. A nursery ends when its channel is closed, and goes
// on if the zygote dies.
// Owns: shared by the host and the servers that start nurseries.      Threads: any.
class Zygote {
 public:
  struct Process {
    Fd channel;
    pid_t pid = 0;
  };
  // Makes another zygote.
  // Errors:  what went wrong.
  using Respawn = std::function<absl::StatusOr<Process>()>;

  enum class RunState {
    kRunning,
    kReplacing,  // the zygote has died, and another is being made
    kGone,       // the zygote has died, and no other will be made
  };
  struct Status {
    RunState state = RunState::kRunning;
    pid_t pid = 0;  // 0: there is no zygote now
    absl::Time start_time;
    int64_t restarts = 0;         // how often the zygote was replaced
    std::string last_error = "";  // how the last zygote died; empty: none has died
  };

  // Takes over the zygote `process`. If `respawn` is null, a zygote that dies is not replaced.
  Zygote(Process process, Respawn respawn);
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  // Starts a thread that waits for the zygote's death, logs and reaps it, and has it replaced. Does
  // nothing if there is one.
  // Errors:  kResourceExhausted - out of threads.
  absl::Status Watch();

  struct Nursery {
    Fd channel;     // for nursery_messages.h; the nursery ends when it is closed
    pid_t pid = 0;  // the nursery's, and no other process's while `channel` is open
  };
  // Has the zygote fork the nursery of a server, whose processes use the slots of `slots_fd`. Waits
  // while the zygote is being replaced, and until the nursery can serve.
  // Errors:  kUnavailable - the zygote or the nursery has gone, or the nursery said what is wrong;
  //          kResourceExhausted - out of descriptors or memory.
  absl::StatusOr<Nursery> StartNursery(const NurserySpec& spec, int slots_fd);

  Status status() const;

 private:
  class Supervisor;
  const std::shared_ptr<Supervisor> supervisor_;  // shared with the thread that watches
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ZYGOTE_H_
