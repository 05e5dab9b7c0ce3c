#include "server/admin/request_memory.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/reason.h"

namespace rpyc {

RequestMemory::Answer RequestMemory::RunOnce(absl::string_view request_id, uint64_t fingerprint,
                                             absl::FunctionRef<Answer()> start) {
  const std::string id(request_id);
  std::shared_ptr<Entry> entry;
  {
    MutexLock lock(&mutex_);
    ExpireLocked(now_());
    std::shared_ptr<Entry>& known = entries_[id];
    if (known != nullptr) {
      entry = known;
      absl::Status fits = CheckFingerprint(id, *entry, fingerprint);
      if (!fits.ok()) return fits;
      while (entry->answered == absl::InfiniteFuture()) answered_.Wait(&mutex_);
      return entry->answer;
    }
    entry = known = std::make_shared<Entry>();
    entry->fingerprint = fingerprint;
  }
  Answer answer = start();
  MutexLock lock(&mutex_);
  entry->answered = now_();
  entry->answer = answer;
  answered_.SignalAll();
  if (answer.ok()) {
    order_.push_back(id);
    ExpireLocked(entry->answered);
  } else {
    entries_.erase(id);
  }
  return answer;
}

absl::Status RequestMemory::Check(absl::string_view request_id, uint64_t fingerprint) const {
  const std::string id(request_id);
  MutexLock lock(&mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second->answered + kLifetime <= now_()) {
    return absl::OkStatus();
  }
  return CheckFingerprint(id, *found->second, fingerprint);
}

absl::Status RequestMemory::CheckFingerprint(const std::string& id, const Entry& entry,
                                             uint64_t fingerprint) {
  if (entry.fingerprint == fingerprint) return absl::OkStatus();
  return ReasonStatus(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                      absl::StrCat("request_id \"", absl::Utf8SafeCEscape(id),
                                   "\" has been used with another request"),
                      {{"field", "request_id"}});
}

void RequestMemory::ExpireLocked(absl::Time now) {
  while (!order_.empty() &&
         (order_.size() > kMaxEntries || entries_[order_.front()]->answered + kLifetime <= now)) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
}

}  // namespace rpyc
