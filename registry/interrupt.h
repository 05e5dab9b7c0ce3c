#ifndef RPYC_REGISTRY_INTERRUPT_H_
#define RPYC_REGISTRY_INTERRUPT_H_

#include <sys/eventfd.h>

#include "rpyc/transport/fd.h"

namespace rpyc {

// Ends every wait that polls fd(), those that run and those to come.
// Threads: any.
class Interrupt {
 public:
  Interrupt() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void Set() const { ::eventfd_write(fd_.get(), 1); }
  // A descriptor that becomes readable when Set is called. It is -1 if the process had no
  // descriptor left; then nothing is interrupted.
  int fd() const { return fd_.get(); }

 private:
  const Fd fd_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_INTERRUPT_H_
