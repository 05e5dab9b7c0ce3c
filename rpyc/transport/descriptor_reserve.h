#ifndef RPYC_TRANSPORT_DESCRIPTOR_RESERVE_H_
#define RPYC_TRANSPORT_DESCRIPTOR_RESERVE_H_

#include <string>

namespace rpyc {

// The last descriptors that this process may have are kept for the control plane and for what a
// server needs to go on: connections of clients that would use them are refused. They are 32, or a
// quarter of the limit (RLIMIT_NOFILE) where that is less. Threads: any.

// Whether `fd`, which has just been made and so was the lowest free number, is one of them.
bool IsReservedDescriptor(int fd);
// Says so: "64 descriptors may be open (ulimit -n), and the last 16 are kept for ...".
std::string ReservedDescriptorsText();

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_DESCRIPTOR_RESERVE_H_
