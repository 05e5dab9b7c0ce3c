#ifndef RPYC_PROXY_CACHE_H_
#define RPYC_PROXY_CACHE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/hash_map.h"
#include "rpyc/limits.h"
#include "rpyc/mutex.h"
#include "rpyc/netref_object.h"

namespace rpyc {

// The peer's objects that one connection holds: one NetrefObject for each, however often it
// arrives.
// Threads: any.
// Source:  RPyC core/protocol.py, Connection._unbox and _proxy_cache, 5.3.1 and 6.0.2.
class ProxyCache {
 public:
  // `max_proxies` bounds how many are held at once. Netrefs ask the peer through `requester`.
  ProxyCache(size_t max_proxies, Requester* requester)
      : max_proxies_(max_proxies), owner_(std::make_shared<NetrefOwner>(requester)) {}

  // Returns the NetrefObject of a REMOTE_REF that has arrived, and counts the reference.
  // Errors:  a PyStatus - TypeError: not an id_pack; MemoryError: too many. The reference is then
  //          queued for release where it could be read.
  absl::StatusOr<std::shared_ptr<NetrefObject>> Receive(absl::string_view encoded_id_pack,
                                                        const Limits& limits);

  const std::shared_ptr<NetrefOwner>& owner() const { return owner_; }
  // Returns the references to give back since the last call, and forgets them.
  std::vector<NetrefOwner::Release> TakeReleases();

 private:
  const size_t max_proxies_;
  const std::shared_ptr<NetrefOwner> owner_;
  Mutex mutex_;
  TextMap<std::weak_ptr<NetrefObject>> proxies_ ABSL_GUARDED_BY(mutex_);  // by encoded id_pack
};

}  // namespace rpyc

#endif  // RPYC_PROXY_CACHE_H_
