#include "rpyc/peer_wait.h"

namespace rpyc {

thread_local PeerWait::Observer* PeerWait::of_thread_ = nullptr;

}  // namespace rpyc
