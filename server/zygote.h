#ifndef RPYC_SERVER_ZYGOTE_H_
#define RPYC_SERVER_ZYGOTE_H_

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

struct NurserySpec;

// The process that all others of a program are made from (start_zygote.h): it was forked while the
// program had one thread, has its services and nothing else, and never does more than fork. This is
// the program's end of it. Shared by those who start nurseries; the zygote ends with it, nurseries
// end with whoever has their channel.
// Threads: any.
class Zygote {
 public:
  Zygote(Fd channel, pid_t pid);
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  struct Nursery {
    Fd channel;     // nursery_messages.h; while it is open the other end is
    pid_t pid = 0;  // nobody else's while that is so
  };
  // Has it fork the nursery of a server, whose processes use the slots of `slots_fd`. Returns once
  // that can serve.
  // Errors:  kUnavailable - the zygote or the nursery has gone; kResourceExhausted - out of
  //          processes, descriptors or memory; what else the nursery says is wrong.
  absl::StatusOr<Nursery> StartNursery(const NurserySpec& spec, int slots_fd);

  // Of its process.
  pid_t pid() const { return pid_; }

 private:
  const Fd channel_;
  const pid_t pid_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ZYGOTE_H_
