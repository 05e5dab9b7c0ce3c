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
// Owns what it holds; never runs a user's destructor under its lock: what is dropped is returned.
// Threads: any.   Source:  RPyC lib/colls.py, RefCountingColl, 5.3.1 and 6.0.2.
class LocalObjects {
  struct Entry {
    std::shared_ptr<Object> object;
    int64_t references;
  };
  // Class id, instance id, which is 0 for a class, and secret.
  using Id = std::tuple<int64_t, int64_t, uint64_t>;

 public:
  // `max_objects` bounds how many different ones it holds. `shared`: where those of ours are put
  // that other connections may take as arguments; null: none.
  explicit LocalObjects(size_t max_objects, std::shared_ptr<SharedObjects> shared = nullptr)
      : max_objects_(max_objects), shared_(std::move(shared)) {}
  ~LocalObjects();

  // Counts one more reference to `object`, taking it in if it is new. The name in the result lives
  // as long as the object is held.
  // Errors:  a PyStatus, MemoryError - it is new and there are max_objects already.
  absl::StatusOr<IdPack> Add(const std::shared_ptr<Object>& object);

  // The object `id_pack` names, or null: never handed out, or given back since.
  std::shared_ptr<Object> Find(const IdPack& id_pack) const;

  // Takes back `count` references (at least 1). At none left the object is dropped: the caller
  // gets the table's owner and destroys it where user code may run. Null while references remain.
  // Errors:  a PyStatus, KeyError - not held; ValueError - count below 1.
  absl::StatusOr<std::shared_ptr<Object>> Release(const Object& object, int64_t count);

  // Drops everything; the owners are returned as from Release.
  using Dropped = HashMap<Id, Entry>;
  Dropped Clear();

  size_t size() const;

 private:
  // What an object is, whichever wrapper stands for it: an address may be shared by an object and
  // its first member, which are of different classes.
  using Identity = std::pair<const void*, int64_t>;
  static Id IdOf(const IdPack& id_pack) {
    return Id(id_pack.class_id, id_pack.instance_id, id_pack.secret);
  }
  static IdPack PackOf(const Object& object, const Id& id) {
    return {object.type_name(), std::get<0>(id), std::get<1>(id), std::get<2>(id)};
  }
  Id NewIdLocked(const Object& object) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
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
