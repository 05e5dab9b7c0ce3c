// The table of server kinds. To add a kind, write kinds/NAME.{h,cc} with a class derived from
// ServerKind and a function that makes it, and add its row here and its target to :server_kinds.
// Flags, the control plane, the documentation and the conformance suite read this table; nothing
// else knows a kind by its name.

#include "server/server_kinds.h"

#include "server/kinds/forking.h"
#include "server/kinds/gevent.h"
#include "server/kinds/one_shot.h"
#include "server/kinds/thread_pool.h"
#include "server/kinds/threaded.h"

namespace rpyc {

ServerKindTable BuiltinServerKinds() {
  return ServerKindTable({
      {
          .name = "threaded",
          .summary = "A thread for each connection; calls of one connection run one after another.",
          .traits = {},
          .make = &MakeThreadedKind,
      },
      {
          .name = "thread_pool",
          .summary = "A fixed number of threads for all connections.",
          .traits = {.option_fields = {"nbthreads", "request_batch_size"}},
          .make = &MakeThreadPoolKind,
      },
      {
          .name = "forking",
          .summary = "A process for each connection; what one does, or dies of, is no other's.",
          .traits = {.separate_process = true,
                     .option_fields = {"max_memory_bytes", "max_cpu_time", "niceness", "user"}},
          .make = &MakeForkingKind,
      },
      {
          .name = "gevent",
          .summary = "A fiber for each call, all on one thread: thousands may wait at once, but a "
                     "method that blocks its thread blocks them all.",
          .traits = {.cooperative = true,
                     .option_fields = {"loops", "fiber_stack_kib", "max_fibers"}},
          .make = &MakeGeventKind,
      },
      {
          .name = "one_shot",
          .summary = "One connection, and when it has ended the server closes.",
          .traits = {.serves_inline = true, .one_connection = true, .option_fields = {}},
          .make = &MakeOneShotKind,
      },
  });
}

}  // namespace rpyc
