#include "rpyc/local_objects.h"

#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/errors.h"
#include "rpyc/limits.h"
#include "rpyc/object_id_origin.h"

namespace rpyc {

LocalObjects::~LocalObjects() { Clear(); }

LocalObjects::Id LocalObjects::NewIdLocked(const Object& object) const {
  const int64_t process = ObjectIdOrigin();
  const absl::string_view origin = object.origin_id_pack();
  if (!origin.empty()) {
    // What a peer calls its object is its choice: it may be what we call one of ours, or what
    // another peer calls one of its own (two forks of one Python, say).
    const std::optional<IdPack> given = ParseIdPack(origin, Limits());
    if (given && !IsObjectIdOfOurs(given->class_id) && !IsObjectIdOfOurs(given->instance_id) &&
        !by_id_.contains(IdOf(*given))) {
      return IdOf(*given);
    }
    // Its owner may share it, and this peer may be that owner, by another connection. The class id
    // says nothing then, and no other object has it.
    if (given && given->secret != 0 && !object.is_class()) {
      return Id(process + object.class_id(), given->instance_id, given->secret);
    }
  } else if (shared_ != nullptr && !object.is_class()) {
    const auto [secret, instance_id] = SharedObjects::NewSecret();
    return Id(process + object.class_id(), instance_id, secret);
  }
  return Id(process + object.class_id(), object.is_class() ? 0 : process + NewObjectId(), 0);
}

void LocalObjects::Unshare(const Id& id, const Object& object) const {
  const auto& [class_id, instance_id, secret] = id;
  // We only hold what a peer shares.
  if (shared_ == nullptr || secret == 0 || !object.origin_id_pack().empty()) return;
  shared_->Remove(secret, instance_id);
}

absl::StatusOr<IdPack> LocalObjects::Add(const std::shared_ptr<Object>& object) {
  const Identity identity = IdentityOf(*object);
  MutexLock lock(&mutex_);
  const auto known = ids_.find(identity);
  if (known != ids_.end()) {
    Entry& entry = by_id_.at(known->second);
    RPYC_ASSERT(entry.references > 0);
    ++entry.references;
    return PackOf(*entry.object, known->second);
  }
  if (by_id_.size() >= max_objects_) {
    return PyStatus("MemoryError", absl::StrCat("the connection holds ", by_id_.size(),
                                                " objects, which is max_local_objects"));
  }
  const Id id = NewIdLocked(*object);
  const IdPack id_pack = PackOf(*object, id);
  // If memory runs out, none of the tables has it.
  absl::Cleanup undo = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    by_id_.erase(id);
    ids_.erase(identity);
  };
  const bool id_is_new = by_id_.emplace(id, Entry{object, 1}).second;
  RPYC_ASSERT(id_is_new);
  ids_.emplace(identity, id);
  if (shared_ != nullptr && id_pack.secret != 0 && object->origin_id_pack().empty()) {
    shared_->Add(id_pack, object);
  }
  std::move(undo).Cancel();
  RPYC_ASSERT(by_id_.size() == ids_.size());
  return id_pack;
}

std::shared_ptr<Object> LocalObjects::Find(const IdPack& id_pack) const {
  MutexLock lock(&mutex_);
  const auto found = by_id_.find(IdOf(id_pack));
  if (found == by_id_.end() || found->second.object->type_name() != id_pack.name) {
    return nullptr;
  }
  return found->second.object;
}

absl::StatusOr<std::shared_ptr<Object>> LocalObjects::Release(const Object& object, int64_t count) {
  if (count < 1) {
    return PyStatus("ValueError", absl::StrCat("cannot release ", count, " references"));
  }
  const Identity identity = IdentityOf(object);
  MutexLock lock(&mutex_);
  const auto known = ids_.find(identity);
  if (known == ids_.end()) {
    return PyStatus("KeyError", absl::StrCat("not held by this connection: ", object.type_name()));
  }
  const auto entry = by_id_.find(known->second);
  RPYC_ASSERT(entry != by_id_.end() && entry->second.references > 0);
  if (entry->second.references > count) {
    entry->second.references -= count;
    return nullptr;
  }
  std::shared_ptr<Object> dropped = std::move(entry->second.object);
  Unshare(entry->first, *dropped);
  by_id_.erase(entry);
  ids_.erase(known);
  RPYC_ASSERT(by_id_.size() == ids_.size());
  return dropped;
}

LocalObjects::Dropped LocalObjects::Clear() {
  MutexLock lock(&mutex_);
  for (const auto& [id, entry] : by_id_) Unshare(id, *entry.object);
  ids_.clear();
  return std::exchange(by_id_, {});
}

size_t LocalObjects::size() const {
  MutexLock lock(&mutex_);
  return by_id_.size();
}

}  // namespace rpyc
