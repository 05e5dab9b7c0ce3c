#ifndef RPYC_UNIX_PEER_AUTHENTICATOR_H_
#define RPYC_UNIX_PEER_AUTHENTICATOR_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "rpyc/authenticator.h"

namespace rpyc {

// Lets users of this machine in that connect over a unix socket, by what the kernel says of them:
// nothing is exchanged. Credentials are a dict of the pid, uid and gid at the time of connecting.
// Threads: any.
class UnixPeerAuthenticator : public Authenticator {
 public:
  explicit UnixPeerAuthenticator(std::vector<int64_t> allowed_uids)
      : allowed_uids_(std::move(allowed_uids)) {}

  std::unique_ptr<Authentication> Begin(const PeerInfo& peer) const override;

 private:
  const std::vector<int64_t> allowed_uids_;
};

}  // namespace rpyc

#endif  // RPYC_UNIX_PEER_AUTHENTICATOR_H_
