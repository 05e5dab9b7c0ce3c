#ifndef RPYC_SHARED_OBJECTS_H_
#define RPYC_SHARED_OBJECTS_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "rpyc/hash_map.h"
#include "rpyc/id_pack.h"
#include "rpyc/mutex.h"
#include "rpyc/object.h"

namespace rpyc {

// The objects that the connections of a service have handed out, for a service that lets each of
// them take those of the others as arguments (Service::SharesObjects). An object is in here as long
// as the connection that handed it out holds it.
//
// An object is found by 127 random bits, which only the peer that was given it can know: they are
// part of its id_pack. See docs/adr/0016.
// The service and its connections share it, within one process.
// Threads: any.
class SharedObjects {
 public:
  // Makes a number for IdPack::secret and, odd, one for IdPack::instance_id.
  static std::pair<uint64_t, int64_t> NewSecret();

  void Add(const IdPack& id_pack, std::weak_ptr<Object> object);
  void Remove(uint64_t secret, int64_t instance_id);
  // The object with that id_pack; null if no connection of the service has handed it out.
  std::shared_ptr<Object> Find(const IdPack& id_pack) const;

 private:
  using Key = std::pair<uint64_t, int64_t>;  // secret, instance id

  mutable Mutex mutex_;
  HashMap<Key, std::weak_ptr<Object>> objects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rpyc

#endif  // RPYC_SHARED_OBJECTS_H_
