#ifndef RPYC_TRANSPORT_DESCRIPTOR_RESERVE_H_
#define RPYC_TRANSPORT_DESCRIPTOR_RESERVE_H_

#include <string>

namespace rpyc {

// The last descriptors that this process may have are reserved: the control plane and the servers
// need them to go on. A client's connection that would use one is refused. The reserve is 32
// descriptors, or a quarter of the limit (RLIMIT_NOFILE) where that is less.
// Threads: any.

// Whether `fd` is a reserved descriptor. It must have been made just now, as the lowest free
// number.
bool IsReservedDescriptor(int fd);
// Returns the reason for a refusal: "64 descriptors may be open (ulimit -n), and the last 16 are
// kept for ...".
std::string ReservedDescriptorsText();

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_DESCRIPTOR_RESERVE_H_
