#include "registry/registration_table.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"

namespace rpyc {
namespace {

// How many changes are kept for ChangesFrom.
constexpr size_t kChangesKept = 10'000;

bool SameTimes(const Registration& a, const Registration& b) {
  return a.source == b.source && a.register_time == b.register_time &&
         a.refresh_time == b.refresh_time && a.expire_time == b.expire_time;
}

}  // namespace

RegistrationTable::RegistrationTable(const RegistryLimits& limits)
    : limits_(limits), revision_(absl::ToUnixMicros(absl::Now())) {}

std::vector<Registration> RegistrationTable::Find(absl::string_view service_name) const {
  std::vector<Registration> found;
  {
    MutexLock lock(&mutex_);
    const auto servers = services_.find(service_name);
    if (servers == services_.end()) return found;
    found.reserve(servers->second.size());
    for (const auto& [address, registration] : servers->second) found.push_back(registration);
  }
  std::stable_sort(found.begin(), found.end(), [](const Registration& a, const Registration& b) {
    return a.refresh_time < b.refresh_time;
  });
  return found;
}

std::optional<Registration> RegistrationTable::Get(const RegistrationKey& key) const {
  MutexLock lock(&mutex_);
  const Registration* found = FindLocked(key);
  if (found == nullptr) return std::nullopt;
  return *found;
}

std::vector<std::string> RegistrationTable::Names(absl::string_view host, size_t max_bytes) const {
  std::vector<std::string> names;
  size_t bytes = 0;
  MutexLock lock(&mutex_);
  for (const auto& [name, servers] : services_) {
    const bool wanted =
        host.empty() || std::any_of(servers.begin(), servers.end(), [host](const auto& server) {
          return server.first.first == host;
        });
    if (!wanted) continue;
    bytes += name.size();
    if (bytes > max_bytes) break;
    names.push_back(name);
  }
  return names;
}

std::vector<Registration> RegistrationTable::All(int64_t* revision) const {
  std::vector<Registration> all;
  MutexLock lock(&mutex_);
  if (revision != nullptr) *revision = revision_;
  all.reserve(by_expiry_.size());
  for (const auto& [name, servers] : services_) {
    for (const auto& [address, registration] : servers) all.push_back(registration);
  }
  return all;
}

std::vector<RegistrationKey> RegistrationTable::OwnedBy(absl::string_view source, int port) const {
  std::vector<RegistrationKey> owned;
  MutexLock lock(&mutex_);
  const auto of_source = by_source_.find(source);
  if (of_source == by_source_.end()) return owned;
  for (const Registration* registration : of_source->second) {
    if (registration->key.port == port) owned.push_back(registration->key);
  }
  return owned;
}

size_t RegistrationTable::size() const {
  MutexLock lock(&mutex_);
  return by_expiry_.size();
}

int64_t RegistrationTable::revision() const {
  MutexLock lock(&mutex_);
  return revision_;
}

absl::StatusOr<std::vector<RegistrationChange>> RegistrationTable::ChangesFrom(
    int64_t revision, size_t max_changes) const {
  MutexLock lock(&mutex_);
  const int64_t oldest = revision_ - static_cast<int64_t>(changes_.size()) + 1;
  if (revision < oldest) {
    return absl::OutOfRangeError(
        absl::StrCat("revision ", revision, " is too old: the oldest change kept is ", oldest));
  }
  if (revision > revision_ + 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("revision ", revision, " is yet to come: the latest is ", revision_));
  }
  const auto begin = changes_.begin() + static_cast<ptrdiff_t>(revision - oldest);
  const size_t count = std::min<size_t>(max_changes, static_cast<size_t>(changes_.end() - begin));
  return std::vector<RegistrationChange>(begin, begin + static_cast<ptrdiff_t>(count));
}

void RegistrationTable::AwaitChange(int64_t revision, absl::Time deadline) const {
  MutexLock lock(&mutex_);
  const int64_t wakes = wakes_;
  while (revision_ <= revision && wakes_ == wakes && changed_.WaitUntil(&mutex_, deadline)) {
  }
}

void RegistrationTable::WakeWaiters() {
  MutexLock lock(&mutex_);
  ++wakes_;
  changed_.SignalAll();
}

absl::Status RegistrationTable::Check(const RegisterRequest& request) const {
  MutexLock lock(&mutex_);
  return CheckLocked(request);
}

absl::Status RegistrationTable::CheckLocked(const RegisterRequest& request) const {
  if (request.names.size() > limits_.max_names_per_request) {
    return absl::ResourceExhaustedError(absl::StrCat(
        request.names.size(), " names in a request, at most ", limits_.max_names_per_request));
  }
  std::set<absl::string_view> added;
  for (const std::string& name : request.names) {
    if (name.empty()) return absl::InvalidArgumentError("a service with no name");
    if (absl::StrContains(name, '\0') || absl::StrContains(request.host, '\0')) {
      return absl::InvalidArgumentError("the name of a service or host holds a NUL");
    }
    if (name.size() > limits_.max_name_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a name of ", name.size(), " bytes, at most ", limits_.max_name_bytes));
    }
    if (FindLocked({name, request.host, request.port}) == nullptr) {
      added.insert(name);
    } else if (request.only_if_absent) {
      return absl::AlreadyExistsError(
          absl::StrCat(name, " at ", request.host, " port ", request.port, " is registered"));
    }
  }
  if (added.empty()) return absl::OkStatus();
  if (by_expiry_.size() + added.size() > limits_.max_registrations) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", by_expiry_.size(), " registrations, the most that may be"));
  }
  const auto of_source = by_source_.find(request.source);
  const size_t has = of_source == by_source_.end() ? 0 : of_source->second.size();
  if (has + added.size() > limits_.max_registrations_per_source) {
    return absl::ResourceExhaustedError(
        absl::StrCat(request.source, " has ", has, " registrations, the most that one may have"));
  }
  return absl::OkStatus();
}

absl::Status RegistrationTable::Register(const RegisterRequest& request, absl::Duration ttl,
                                         absl::Time now) {
  MutexLock lock(&mutex_);
  absl::Status checked = CheckLocked(request);
  if (!checked.ok()) return checked;
  const absl::Duration lifetime = request.ttl > absl::ZeroDuration() ? request.ttl : ttl;
  for (const std::string& name : request.names) {
    Registration registration = {.key = {name, request.host, request.port},
                                 .source = request.source,
                                 .register_time = now,
                                 .refresh_time = now,
                                 .expire_time = now + lifetime};
    const Registration* before = FindLocked(registration.key);
    if (before != nullptr) registration.register_time = before->register_time;
    PutLocked(registration);
  }
  return absl::OkStatus();
}

void RegistrationTable::Put(const Registration& registration) {
  MutexLock lock(&mutex_);
  PutLocked(registration);
}

bool RegistrationTable::Remove(const RegistrationKey& key, RegistrationChange::Cause cause) {
  MutexLock lock(&mutex_);
  const Registration* registration = FindLocked(key);
  if (registration == nullptr) return false;
  RemoveLocked(registration, cause);
  return true;
}

absl::Time RegistrationTable::Prune(absl::Time now) {
  MutexLock lock(&mutex_);
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    RemoveLocked(by_expiry_.begin()->second, RegistrationChange::Cause::kPruned);
  }
  return by_expiry_.empty() ? absl::InfiniteFuture() : by_expiry_.begin()->first;
}

const Registration* RegistrationTable::FindLocked(const RegistrationKey& key) const {
  const auto servers = services_.find(key.service_name);
  if (servers == services_.end()) return nullptr;
  const auto found = servers->second.find({key.host, key.port});
  return found == servers->second.end() ? nullptr : &found->second;
}

void RegistrationTable::PutLocked(const Registration& registration) {
  const RegistrationKey& key = registration.key;
  const auto [place, is_new] =
      services_[key.service_name].try_emplace({key.host, key.port}, registration);
  Registration& kept = place->second;
  if (!is_new) {
    if (SameTimes(kept, registration)) return;
    by_expiry_.erase({kept.expire_time, &kept});
    const auto of_source = by_source_.find(kept.source);
    RPYC_ASSERT(of_source != by_source_.end());
    of_source->second.erase(&kept);
    if (of_source->second.empty()) by_source_.erase(of_source);
    kept = registration;
  }
  by_expiry_.insert({kept.expire_time, &kept});
  by_source_[kept.source].insert(&kept);
  AddChangeLocked(
      is_new ? RegistrationChange::Cause::kRegistered : RegistrationChange::Cause::kRefreshed,
      kept);
}

void RegistrationTable::RemoveLocked(const Registration* registration,
                                     RegistrationChange::Cause cause) {
  AddChangeLocked(cause, *registration);
  by_expiry_.erase({registration->expire_time, registration});
  const auto of_source = by_source_.find(registration->source);
  RPYC_ASSERT(of_source != by_source_.end());
  of_source->second.erase(registration);
  if (of_source->second.empty()) by_source_.erase(of_source);
  const RegistrationKey key = registration->key;
  const auto servers = services_.find(key.service_name);
  servers->second.erase({key.host, key.port});
  if (servers->second.empty()) services_.erase(servers);
}

void RegistrationTable::AddChangeLocked(RegistrationChange::Cause cause,
                                        const Registration& registration) {
  changes_.push_back({++revision_, cause, registration});
  if (changes_.size() > kChangesKept) changes_.pop_front();
  changed_.SignalAll();
}

}  // namespace rpyc
