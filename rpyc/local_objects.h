#ifndef RPYC_LOCAL_OBJECTS_H_
#define RPYC_LOCAL_OBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "rpyc/hash_map.h"
#include "rpyc/id_pack.h"
#include "rpyc/mutex.h"
#include "rpyc/object.h"
#include "rpyc/shared_objects.h"

namespace rpyc {

// The objects of ours that one peer holds, each with the number of references sent.
//
// An object gets an id_pack of its own for as long as it is held; the ids in it are NewObjectId's,
// counted from where this process begins (ObjectIdOrigin). A proxy of another peer's object
// keeps the one its owner gave it, unless that could be taken for another's (docs/adr/0008).
//
// Every REMOTE_REF sent adds 1; the peer's DEL subtracts what it has counted. So a reference that
// is on its way while an older one is given up keeps the object alive.
// Owns what it holds. No user's destructor runs under its lock: what is dropped is returned.
// Threads: any.
// Source:  RPyC lib/colls.py, RefCountingColl, 5.3.1 and 6.0.2.
class LocalObjects {
  struct Entry {
    std::shared_ptr<Object> object;
    int64_t references;
  };
  // The class id, the instance id, which is 0 for a class, and the secret.
  using Id = std::tuple<int64_t, int64_t, uint64_t>;

 public:
  // `max_objects` bounds how many different objects it holds. `shared` is where those of our
  // objects are put that other connections may take as arguments; null if they may take none.
  explicit LocalObjects(size_t max_objects, std::shared_ptr<SharedObjects> shared = nullptr)
      : max_objects_(max_objects), shared_(std::move(shared)) {}
  ~LocalObjects();

  // Counts one more reference to `object`, taking it in if it is new. The name in the result lives
  // as long as the object is held.
  // Errors:  a PyStatus, MemoryError - it is new and there are max_objects already.
  absl::StatusOr<IdPack> Add(const std::shared_ptr<Object>& object);

  // The object that `id_pack` names; null if it was never handed out or has been given back.
  std::shared_ptr<Object> Find(const IdPack& id_pack) const;

  // Takes back `count` references (at least 1). When none is left the object is dropped: the caller
  // gets the table's owner of it and destroys that where user code may run. Null while references
  // remain.
  // Errors:  a PyStatus, KeyError - not held; ValueError - count below 1.
  absl::StatusOr<std::shared_ptr<Object>> Release(const Object& object, int64_t count);

  // Drops everything and returns the owners, as Release does.
  using Dropped = HashMap<Id, Entry>;
  Dropped Clear();

  size_t size() const;

 private:
  // Identifies an object whichever wrapper stands for it. The address is not enough: an object and
  // its first member may share it, and are of different classes.
  using Identity = std::pair<const void*, int64_t>;
  static Id IdOf(const IdPack& id_pack) {
    return Id(id_pack.class_id, id_pack.instance_id, id_pack.secret);
  }
  static IdPack PackOf(const Object& object, const Id& id) {
    return {object.type_name(), std::get<0>(id), std::get<1>(id), std::get<2>(id)};
  }
  // The id that `object`, which is new, is known by from now on.
  Id NewIdLocked(const Object& object) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes `object` out of what the service shares, if it is ours.
  void Unshare(const Id& id, const Object& object) const;
  static Identity IdentityOf(const Object& object) {
    return {object.identity(), object.class_id()};
  }

  const size_t max_objects_;
  const std::shared_ptr<SharedObjects> shared_;
  mutable Mutex mutex_;
  HashMap<Id, Entry> by_id_ ABSL_GUARDED_BY(mutex_);
  HashMap<Identity, Id> ids_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rpyc

#endif  // RPYC_LOCAL_OBJECTS_H_
