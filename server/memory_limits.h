#ifndef RPYC_SERVER_MEMORY_LIMITS_H_
#define RPYC_SERVER_MEMORY_LIMITS_H_

#include <cstddef>

namespace rpyc {

// What the connections of a host may hold together unless it is told: half of the machine's memory,
// or of the control group's if that is less; a quarter of the address space that is left where that
// is limited (ulimit -v), as threads and gRPC need theirs. At least 16 MiB.
size_t DefaultTotalBytes();

// Whether there is a limit on it (ulimit -v).
bool HasLimitedAddressSpace();

// Whether the address space, where it is limited, has room for one more connection beside what the
// control plane may need. Costs a read of /proc only where it is limited.
bool HasAddressSpace();

}  // namespace rpyc

#endif  // RPYC_SERVER_MEMORY_LIMITS_H_
