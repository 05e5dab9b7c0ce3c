#ifndef RPYC_TRANSPORT_INHERITED_SOCKETS_H_
#define RPYC_TRANSPORT_INHERITED_SOCKETS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// The listening sockets that a process was started with: by name those that systemd hands over
// (socket activation, sd_listen_fds(3)), by number any. Owns them: with it they are closed here,
// which does not touch whoever else has them, nor a SocketListener that goes on with one.
// Threads: one.
class InheritedSockets {
 public:
  // Takes what the environment announces to this process in LISTEN_PID, LISTEN_FDS and
  // LISTEN_FDNAMES, so that programs it starts inherit neither the sockets nor these variables. To
  // be called before the program has threads; a second time there is nothing.
  // Errors:  kInvalidArgument - the variables announce what is not there.
  static absl::StatusOr<InheritedSockets> FromEnvironment();

  // The descriptor that is called so: "web", a name from LISTEN_FDNAMES, or "3", a number.
  // Errors:  kNotFound - no such name; kInvalidArgument - several of that name, or no listening
  //          stream socket; kAlreadyExists - it has been taken.
  absl::StatusOr<int> Take(absl::string_view name);

  // Those announced that nobody took, as people write them: "web (descriptor 3)".
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
