#include "rpyc/proxy_cache.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/brine.h"
#include "rpyc/errors.h"

namespace rpyc {

absl::StatusOr<std::shared_ptr<NetrefObject>> ProxyCache::Receive(absl::string_view encoded_id_pack,
                                                                  const Limits& limits) {
  brine::Reader reader(encoded_id_pack, limits);
  const absl::StatusOr<uint32_t> count = reader.ReadTupleHeader();
  if (!count.ok() || *count != 3) {
    return PyStatus(
        "TypeError",
        absl::StrCat("a reference must be a tuple (name, class id, instance id)",
                     count.ok() && *count == 4 ? "; the peer seems to be of rpyc-ng 7, "
                                                 "which speaks another protocol than RPyC"
                                               : ""));
  }
  const absl::StatusOr<absl::string_view> name = reader.ReadStr();
  if (!name.ok()) {
    // Source:  RPyC core/protocol.py, Connection._box, 4.0.2: (id, class name, module name).
    return PyStatus("TypeError",
                    "the name in a reference must be a str; the peer seems to be of RPyC 4.0 or "
                    "older, which speaks another protocol than 4.1 to 6");
  }

  std::shared_ptr<NetrefObject> known;  // never destroyed under the lock
  MutexLock lock(&mutex_);
  auto entry = proxies_.find(encoded_id_pack);
  if (entry != proxies_.end() && (known = entry->second.lock()) != nullptr) {
    known->AddReference();
    return known;
  }
  if (entry == proxies_.end() && proxies_.size() >= max_proxies_) {
    owner_->Push({std::string(encoded_id_pack), 1});
    return PyStatus("MemoryError", absl::StrCat("the connection holds ", max_proxies_,
                                                " references, which is max_local_objects"));
  }
  auto made =
      std::make_shared<NetrefObject>(std::string(encoded_id_pack), std::string(*name), owner_);
  if (entry == proxies_.end()) {
    proxies_.emplace(encoded_id_pack, made);
  } else {
    RPYC_ASSERT(entry->second.expired());
    entry->second = made;
  }
  RPYC_ASSERT(proxies_.size() <= max_proxies_);
  return made;
}

std::vector<NetrefOwner::Release> ProxyCache::TakeReleases() {
  std::vector<NetrefOwner::Release> releases = owner_->TakeReleases();
  if (releases.empty()) return releases;
  MutexLock lock(&mutex_);
  for (const NetrefOwner::Release& release : releases) {
    RPYC_ASSERT(release.count > 0);
    const auto entry = proxies_.find(release.id_pack);
    // A new proxy of the same object may have come since the old one died.
    if (entry != proxies_.end() && entry->second.expired()) proxies_.erase(entry);
  }
  return releases;
}

}  // namespace rpyc
