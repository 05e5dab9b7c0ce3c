#include "rpyc/shared_objects.h"

#include <unistd.h>

#include <random>

namespace rpyc {

std::pair<uint64_t, int64_t> SharedObjects::NewSecret() {
  // The bits come from the kernel, so that a process that is forked has others.
  uint64_t bits[2] = {0, 0};
  while (bits[0] == 0) {
    if (::getentropy(bits, sizeof(bits)) == 0) continue;
    std::random_device random;  // for a kernel without getentropy
    for (uint64_t& word : bits) word = (uint64_t{random()} << 32) | random();
  }
  return {bits[0], static_cast<int64_t>(bits[1] >> 1) | 1};
}

void SharedObjects::Add(const IdPack& id_pack, std::weak_ptr<Object> object) {
  MutexLock lock(&mutex_);
  objects_.insert_or_assign(Key(id_pack.secret, id_pack.instance_id), std::move(object));
}

void SharedObjects::Remove(uint64_t secret, int64_t instance_id) {
  MutexLock lock(&mutex_);
  objects_.erase(Key(secret, instance_id));
}

std::shared_ptr<Object> SharedObjects::Find(const IdPack& id_pack) const {
  if (id_pack.secret == 0) return nullptr;
  std::shared_ptr<Object> object;  // never destroyed under the lock
  {
    MutexLock lock(&mutex_);
    const auto found = objects_.find(Key(id_pack.secret, id_pack.instance_id));
    if (found != objects_.end()) object = found->second.lock();
  }
  if (object != nullptr && object->type_name() != id_pack.name) return nullptr;
  return object;
}

}  // namespace rpyc
