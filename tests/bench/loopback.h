#ifndef RPYC_TESTS_BENCH_LOOPBACK_H_
#define RPYC_TESTS_BENCH_LOOPBACK_H_

#include "absl/status/statusor.h"
#include "rpyc/transport/fd.h"

// These are bare TCP sockets on 127.0.0.1, with nothing of the host in between; the host is
// measured against them. All send small pieces at once (TCP_NODELAY).
namespace rpyc::bench {

struct Listening {
  Fd fd;
  int port;
};
absl::StatusOr<Listening> ListenOnLoopback();

// Waits for a connection.
// Errors:  kUnavailable.
absl::StatusOr<Fd> AcceptFrom(const Fd& listener);
absl::StatusOr<Fd> ConnectToLoopback(int port);

void SetBlocking(const Fd& fd, bool blocking);
// Ends with a reset, so that thousands of short connections do not use up the ports.
void CloseByReset(Fd fd);

// Lets this process have as many descriptors as the system allows.
void RaiseDescriptorLimit();

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LOOPBACK_H_
