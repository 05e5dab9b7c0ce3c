#ifndef RPYC_SERVER_MEMORY_LIMITS_H_
#define RPYC_SERVER_MEMORY_LIMITS_H_

#include <cstddef>

namespace rpyc {

// The default of HostOptions::max_total_bytes: half of the machine's memory, or of the control
// group's if that is less. Where address space is limited (ulimit -v), it is at most a quarter of
// what is left, since threads and gRPC need some too. It is at least 16 MiB.
size_t DefaultTotalBytes();

// Whether the process's address space is limited (ulimit -v).
bool HasLimitedAddressSpace();

// Whether the address space has room for one more connection and for what the control plane may
// need. Reads /proc, but only if the address space is limited.
bool HasAddressSpace();

}  // namespace rpyc

#endif  // RPYC_SERVER_MEMORY_LIMITS_H_
