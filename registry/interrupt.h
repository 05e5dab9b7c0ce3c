#ifndef RPYC_REGISTRY_INTERRUPT_H_
#define RPYC_REGISTRY_INTERRUPT_H_

#include <sys/eventfd.h>

#include "rpyc/transport/fd.h"

namespace rpyc {

// Ends whatever waits on a socket on its behalf, now and later. Threads: any.
class Interrupt {
 public:
  Interrupt() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void Set() const { ::eventfd_write(fd_.get(), 1); }
  // Readable once it is set; -1 if there was no descriptor to be had: then nothing is interrupted.
  int fd() const { return fd_.get(); }

 private:
  const Fd fd_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_INTERRUPT_H_
