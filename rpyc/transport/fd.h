#ifndef RPYC_TRANSPORT_FD_H_
#define RPYC_TRANSPORT_FD_H_

#include <unistd.h>

#include <utility>

#include "rpyc/cpp20.h"

namespace rpyc {

// Owns one file descriptor and closes it. Move-only.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Reset() {
    // close is not repeated on EINTR: Linux has released the number by then.
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_FD_H_
