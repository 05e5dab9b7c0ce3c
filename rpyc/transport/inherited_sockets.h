#ifndef RPYC_TRANSPORT_INHERITED_SOCKETS_H_
#define RPYC_TRANSPORT_INHERITED_SOCKETS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// The listening sockets that a process was started with: those that systemd hands over (socket
// activation, sd_listen_fds(3)) by name, and any by number.
// Owns:    the sockets. Its end closes them in this process; other processes keep theirs, and so
//          does a SocketListener that has inherited one.
// Threads: one.
class InheritedSockets {
 public:
  // Takes the sockets that LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES announce to this process, and
  // removes these variables: programs that this one starts inherit neither. Call it before the
  // program has threads; a second call finds nothing.
  // Errors:  kInvalidArgument - the variables announce a socket that does not exist.
  static absl::StatusOr<InheritedSockets> FromEnvironment();

  // Takes the descriptor of a name from LISTEN_FDNAMES, "web", or of a number, "3".
  // Errors:  kNotFound - no such name; kInvalidArgument - several sockets have the name, or it is
  //          no listening stream socket; kAlreadyExists - it has been taken.
  absl::StatusOr<int> Take(absl::string_view name);

  // The announced sockets that have not been taken, as people write them: "web (descriptor 3)".
  std::vector<std::string> Untaken() const;

 private:
  struct Inherited {
    Fd fd;
    std::string name;
    bool taken = false;
  };

  absl::StatusOr<Inherited*> Find(absl::string_view name);
  std::string Names() const;

  std::vector<Inherited> sockets_;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_INHERITED_SOCKETS_H_
