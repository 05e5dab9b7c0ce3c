#include "server/admin/coalesce.h"

#include <cstdint>
#include <map>
#include <utility>

namespace rpyc {

std::vector<RegistrationChange> Coalesce(const std::vector<RegistrationChange>& changes) {
  using Cause = RegistrationChange::Cause;
  std::map<int64_t, RegistrationChange> kept;  // by revision
  std::map<RegistrationKey, int64_t> revisions;
  for (RegistrationChange change : changes) {
    const auto [place, is_first] = revisions.try_emplace(change.registration.key, change.revision);
    if (!is_first) {
      const auto before = kept.find(place->second);
      const bool was_added = before->second.cause == Cause::kRegistered;
      const bool was_removed = before->second.removed();
      kept.erase(before);
      if (was_added && change.removed()) {
        revisions.erase(place);
        continue;
      }
      if (was_added) change.cause = Cause::kRegistered;
      if (was_removed) change.cause = Cause::kRefreshed;
      place->second = change.revision;
    }
    const int64_t revision = change.revision;
    kept.emplace(revision, std::move(change));
  }
  std::vector<RegistrationChange> coalesced;
  coalesced.reserve(kept.size());
  for (auto& [revision, change] : kept) coalesced.push_back(std::move(change));
  return coalesced;
}

}  // namespace rpyc
