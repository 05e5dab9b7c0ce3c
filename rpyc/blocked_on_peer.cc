#include "rpyc/blocked_on_peer.h"

namespace rpyc {

thread_local BlockedOnPeer::Observer* BlockedOnPeer::observer_of_thread_ = nullptr;

}  // namespace rpyc
