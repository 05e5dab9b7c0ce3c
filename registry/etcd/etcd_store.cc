#include "registry/etcd/etcd_store.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "registry/etcd/etcd_client.h"
#include "registry/etcd/etcd_record.h"
#include "registry/registration_id.h"
#include "rpyc/assert.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/endpoint.h"

namespace rpyc {
namespace {

using Cause = RegistrationChange::Cause;

// How long a change may take. RPyC's clients wait for two seconds.
constexpr absl::Duration kChangeTimeout = absl::Milliseconds(1500);
constexpr absl::Duration kReadTimeout = absl::Seconds(5);
// How long Start waits for etcd.
constexpr absl::Duration kStartTimeout = absl::Seconds(3);
constexpr absl::Duration kFirstRetry = absl::Milliseconds(100);
constexpr absl::Duration kLastRetry = absl::Seconds(1);
// How far the clocks of two machines may differ. A registration that etcd removes this close to its
// expiry counts as pruned.
constexpr absl::Duration kClockSkew = absl::Seconds(1);

// How many keys one transaction deletes; etcd accepts 128.
constexpr size_t kKeysAtOnce = 64;

struct Deletion {
  std::vector<RegistrationKey> keys;
  Cause cause;
};

}  // namespace

// A replica of what etcd holds; shared by the store and its two threads. One thread follows etcd's
// watch and keeps the table as etcd is; the other makes changes, one after another.
class EtcdStore::Replica {
 public:
  Replica(const EtcdStoreOptions& options, const RegistryHooks& hooks)
      : table(std::make_shared<RegistrationTable>(options.limits)),
        pruning_timeout(options.pruning_timeout),
        prefix_(options.prefix),
        hooks_(hooks),
        client_(options.members) {}

  // The first thread: keeps the table as etcd is, until Stop.
  void FollowEtcd();
  // The second thread: makes the queued changes, until Stop.
  void WriteChanges();
  // Queues a change. Refuses it, and calls `done`, if the queue is full or the store stops.
  void Enqueue(std::variant<RegisterRequest, Deletion> change, Done done);
  // Waits until the table shows what etcd holds, for at most kStartTimeout.
  void AwaitFirstSync();
  // Ends both threads, waits for their end, and cancels what is outstanding.
  void Stop();
  // Count the threads that Stop must wait for.
  void CountThread();
  void UncountThread();
  State state() const;

  const std::shared_ptr<RegistrationTable> table;
  const absl::Duration pruning_timeout;

 private:
  struct Change {
    std::variant<RegisterRequest, Deletion> what;
    Done done;
    absl::Time deadline;
  };

  // All of these are called without the lock.

  // Only the first thread calls these. Sync makes the table what etcd holds at `revision`, which it
  // sets; Apply makes the changes of one response; Remove removes what is gone from etcd;
  // SetApplied says that the table is as etcd was at `revision`, and calls the `done` of changes up
  // to it.
  absl::Status Sync(int64_t* revision);
  void Apply(const etcdserverpb::WatchResponse& response);
  void Remove(const RegistrationKey& key);
  void SetApplied(int64_t revision);
  // Only the first thread calls these. They mark the table as up to date, or as stale because of
  // `why`.
  void OnWatchStarted();
  void OnWatchLost(const absl::Status& why);
  // Only the second thread calls these. They make a change in etcd and return the revision that it
  // has there; 0 if there was nothing to change.
  absl::StatusOr<int64_t> Commit(const RegisterRequest& request, absl::Time deadline);
  absl::StatusOr<int64_t> Commit(const Deletion& deletion, absl::Time deadline);
  // Only the second thread calls it. Calls `done` once the table shows `revision`: now, or from
  // SetApplied.
  void CallWhenApplied(int64_t revision, Done done);
  std::string EtcdKey(const RegistrationKey& key) const {
    return absl::StrCat(prefix_, RegistrationId(key));
  }

  const std::string prefix_;
  const RegistryHooks hooks_;
  EtcdClient client_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int running_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  bool first_attempt_over_ ABSL_GUARDED_BY(mutex_) = false;  // to follow etcd
  bool retry_at_once_ ABSL_GUARDED_BY(mutex_) = false;       // FollowEtcd must not pause
  State state_ ABSL_GUARDED_BY(mutex_) = {
      .stale = true,
      .as_of = absl::InfinitePast(),
      .error = absl::UnavailableError("etcd has not been reached yet")};
  std::deque<Change> queue_ ABSL_GUARDED_BY(mutex_);
  int64_t applied_ ABSL_GUARDED_BY(mutex_) = 0;  // etcd's revision that the table shows
  // Changes that etcd holds and the table does not show yet, by their revision.
  std::multimap<int64_t, Done> committed_ ABSL_GUARDED_BY(mutex_);
  // The registrations that this store is deleting, with the cause.
  std::map<RegistrationKey, Cause> deleting_ ABSL_GUARDED_BY(mutex_);
};

// --- the table follows ---

void EtcdStore::Replica::FollowEtcd() {
  absl::Duration retry = kFirstRetry;
  for (;;) {
    int64_t revision = 0;
    absl::Status end = Sync(&revision);
    if (end.ok()) {
      retry = kFirstRetry;
      end = client_.Watch(
          prefix_, revision + 1, [this] { OnWatchStarted(); },
          [this](const etcdserverpb::WatchResponse& response) { Apply(response); });
    }
    // If etcd no longer keeps the changes, it can be reached: Sync reads everything again.
    if (!absl::IsOutOfRange(end)) {
      OnWatchLost(end);
      client_.Rotate();
    }
    MutexLock lock(&mutex_);
    const absl::Time again = absl::Now() + retry;
    while (!stopping_ && !retry_at_once_ && changed_.WaitUntil(&mutex_, again)) {
    }
    if (stopping_) return;
    retry_at_once_ = false;
    retry = std::min(2 * retry, kLastRetry);
  }
}

absl::Status EtcdStore::Replica::Sync(int64_t* revision) {
  std::set<RegistrationKey> found_in_etcd;
  std::vector<Registration> registrations;
  const absl::StatusOr<int64_t> read =
      client_.ReadAll(prefix_, absl::Now() + kReadTimeout, [&](const etcdserverpb::KeyValue& pair) {
        absl::StatusOr<Registration> registration =
            ParseEtcdRecord(absl::StripPrefix(pair.key(), prefix_), pair.value());
        if (!registration.ok()) return;
        found_in_etcd.insert(registration->key);
        registrations.push_back(*std::move(registration));
      });
  if (!read.ok()) return read.status();
  for (const Registration& known : table->All()) {
    if (!found_in_etcd.contains(known.key)) Remove(known.key);
  }
  for (const Registration& registration : registrations) table->Put(registration);
  *revision = *read;
  SetApplied(*read);
  return absl::OkStatus();
}

void EtcdStore::Replica::Apply(const etcdserverpb::WatchResponse& response) {
  int64_t revision = 0;
  for (const etcdserverpb::Event& event : response.events()) {
    revision = std::max(revision, event.kv().mod_revision());
    const absl::string_view id = absl::StripPrefix(event.kv().key(), prefix_);
    if (event.type() == etcdserverpb::Event::PUT) {
      const absl::StatusOr<Registration> registration = ParseEtcdRecord(id, event.kv().value());
      if (registration.ok()) table->Put(*registration);
    } else {
      const absl::StatusOr<RegistrationKey> key = ParseRegistrationId(id);
      if (key.ok()) Remove(*key);
    }
  }
  SetApplied(revision);
}

void EtcdStore::Replica::Remove(const RegistrationKey& key) {
  const std::optional<Registration> known = table->Get(key);
  if (!known.has_value()) return;
  Cause cause =
      known->expire_time <= absl::Now() + kClockSkew ? Cause::kPruned : Cause::kUnregistered;
  {
    MutexLock lock(&mutex_);
    const auto deleting = deleting_.find(key);
    if (deleting != deleting_.end()) {
      cause = deleting->second;
      deleting_.erase(deleting);
    }
  }
  table->Remove(key, cause);
}

void EtcdStore::Replica::SetApplied(int64_t revision) {
  std::vector<Done> done;
  {
    MutexLock lock(&mutex_);
    applied_ = std::max(applied_, revision);
    const auto end = committed_.upper_bound(applied_);
    for (auto each = committed_.begin(); each != end; ++each) {
      done.push_back(std::move(each->second));
    }
    committed_.erase(committed_.begin(), end);
  }
  for (Done& each : done) std::move(each)(absl::OkStatus());
}

void EtcdStore::Replica::OnWatchStarted() {
  {
    MutexLock lock(&mutex_);
    first_attempt_over_ = true;
    state_ = State();
    changed_.SignalAll();
  }
  hooks_.log(LogLevel::kInfo, "the registry follows etcd");
}

void EtcdStore::Replica::OnWatchLost(const absl::Status& why) {
  std::multimap<int64_t, Done> committed;
  bool is_news = false;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return;
    is_news = !first_attempt_over_ || !state_.stale;
    if (!state_.stale) state_.as_of = absl::Now();
    state_.stale = true;
    state_.error = why;
    first_attempt_over_ = true;
    committed.swap(committed_);  // etcd holds them; the table will show them later
    changed_.SignalAll();
  }
  for (auto& [revision, done] : committed) std::move(done)(absl::OkStatus());
  if (is_news) {
    hooks_.log(LogLevel::kWarning,
               absl::StrCat("the registry shows what it knew last: ", why.message()));
  }
}

// --- changes ---

void EtcdStore::Replica::Enqueue(std::variant<RegisterRequest, Deletion> change, Done done) {
  absl::Status refused;
  {
    MutexLock lock(&mutex_);
    if (stopping_) {
      refused = absl::CancelledError("the registry closes");
    } else if (queue_.size() >= kMaxQueued) {
      refused = absl::UnavailableError("too many changes wait for etcd");
    } else {
      queue_.push_back({std::move(change), std::move(done), absl::Now() + kChangeTimeout});
      changed_.SignalAll();
      return;
    }
  }
  std::move(done)(refused);
}

void EtcdStore::Replica::WriteChanges() {
  for (;;) {
    Change change;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && queue_.empty()) changed_.Wait(&mutex_);
      if (stopping_) return;
      change = std::move(queue_.front());
      queue_.pop_front();
    }
    if (absl::Now() >= change.deadline) {
      std::move(change.done)(absl::UnavailableError("etcd is too slow"));
      continue;
    }
    const absl::StatusOr<int64_t> revision =
        std::visit([&](const auto& what) { return Commit(what, change.deadline); }, change.what);
    if (!revision.ok()) {
      std::move(change.done)(revision.status());
    } else {
      CallWhenApplied(*revision, std::move(change.done));
    }
  }
}

void EtcdStore::Replica::CallWhenApplied(int64_t revision, Done done) {
  {
    MutexLock lock(&mutex_);
    if (revision > applied_ && !stopping_) {
      committed_.emplace(revision, std::move(done));
      // etcd has answered, so it can be reached again.
      retry_at_once_ = state_.stale;
      if (retry_at_once_) changed_.SignalAll();
      return;
    }
  }
  std::move(done)(absl::OkStatus());
}

absl::StatusOr<int64_t> EtcdStore::Replica::Commit(const RegisterRequest& request,
                                                   absl::Time deadline) {
  absl::Status checked = table->Check(request);
  if (!checked.ok()) return checked;
  const absl::Duration ttl = request.ttl > absl::ZeroDuration() ? request.ttl : pruning_timeout;
  // Each announcement has a new lease. etcd moves the key to it, and the old lease ends empty.
  const absl::StatusOr<etcdserverpb::LeaseGrantResponse> lease = client_.Grant(ttl, deadline);
  if (!lease.ok()) return lease.status();
  const absl::Time now = absl::Now();
  etcdserverpb::TxnRequest transaction;
  for (const std::string& name : request.names) {
    Registration registration{.key = {name, request.host, request.port},
                              .source = request.source,
                              .register_time = now,
                              .refresh_time = now,
                              .expire_time = now + absl::Seconds(lease->ttl())};
    const std::string key = EtcdKey(registration.key);
    if (request.only_if_absent) {
      etcdserverpb::Compare* absent = transaction.add_compare();
      absent->set_target(etcdserverpb::Compare::VERSION);
      absent->set_result(etcdserverpb::Compare::EQUAL);
      absent->set_key(key);
      absent->set_version(0);
    } else if (const std::optional<Registration> before = table->Get(registration.key)) {
      registration.register_time = before->register_time;
    }
    etcdserverpb::PutRequest* put = transaction.add_success()->mutable_request_put();
    put->set_key(key);
    put->set_value(EtcdValue(registration));
    put->set_lease(lease->id());
  }
  const absl::StatusOr<etcdserverpb::TxnResponse> response = client_.Commit(transaction, deadline);
  if (!response.ok()) return response.status();
  if (!response->succeeded()) {
    return absl::AlreadyExistsError(absl::StrCat("registered at ", request.host));
  }
  return request.names.empty() ? 0 : response->header().revision();
}

absl::StatusOr<int64_t> EtcdStore::Replica::Commit(const Deletion& deletion, absl::Time deadline) {
  int64_t revision = 0;  // of the last transaction that deleted something
  absl::Status status;
  for (size_t begin = 0; begin < deletion.keys.size() && status.ok(); begin += kKeysAtOnce) {
    const size_t end = std::min(deletion.keys.size(), begin + kKeysAtOnce);
    etcdserverpb::TxnRequest transaction;
    for (size_t i = begin; i < end; ++i) {
      transaction.add_success()->mutable_request_delete_range()->set_key(EtcdKey(deletion.keys[i]));
      MutexLock lock(&mutex_);
      deleting_[deletion.keys[i]] = deletion.cause;
    }
    const absl::StatusOr<etcdserverpb::TxnResponse> response =
        client_.Commit(transaction, deadline);
    status = response.status();
    for (size_t i = begin; i < end; ++i) {
      const auto index = static_cast<int>(i - begin);
      const bool deleted = response.ok() && index < response->responses_size() &&
                           response->responses(index).response_delete_range().deleted() > 0;
      if (deleted) {
        revision = response->header().revision();
        continue;
      }
      MutexLock lock(&mutex_);
      deleting_.erase(deletion.keys[i]);
    }
  }
  if (!status.ok()) return status;
  if (revision == 0 && deletion.cause == Cause::kDeleted) {
    return absl::NotFoundError("not registered");
  }
  return revision;
}

// --- life ---

void EtcdStore::Replica::AwaitFirstSync() {
  MutexLock lock(&mutex_);
  const absl::Time deadline = absl::Now() + kStartTimeout;
  while (state_.stale && changed_.WaitUntil(&mutex_, deadline)) {
  }
}

void EtcdStore::Replica::CountThread() {
  MutexLock lock(&mutex_);
  ++running_threads_;
}

void EtcdStore::Replica::UncountThread() {
  MutexLock lock(&mutex_);
  RPYC_ASSERT(running_threads_ > 0);
  --running_threads_;
  changed_.SignalAll();
}

void EtcdStore::Replica::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  client_.Cancel();
  std::vector<Done> waiting;
  {
    MutexLock lock(&mutex_);
    while (running_threads_ > 0) changed_.Wait(&mutex_);
    for (Change& change : queue_) waiting.push_back(std::move(change.done));
    for (auto& [revision, done] : committed_) waiting.push_back(std::move(done));
    queue_.clear();
    committed_.clear();
  }
  for (Done& done : waiting) std::move(done)(absl::CancelledError("the registry closes"));
}

RegistryStore::State EtcdStore::Replica::state() const {
  MutexLock lock(&mutex_);
  return state_;
}

absl::StatusOr<std::unique_ptr<EtcdStore>> EtcdStore::Start(const EtcdStoreOptions& options,
                                                            const RegistryHooks& hooks) {
  if (options.members.empty()) return absl::InvalidArgumentError("etcd: no members");
  auto replica = std::make_shared<Replica>(options, hooks);
  std::unique_ptr<EtcdStore> store(new EtcdStore(replica));  // its destructor stops the threads
  for (void (Replica::*run)() : {&Replica::FollowEtcd, &Replica::WriteChanges}) {
    replica->CountThread();
    absl::Status started = hooks.start_thread([replica, run] {
      (*replica.*run)();
      replica->UncountThread();
    });
    if (started.ok()) continue;
    replica->UncountThread();
    return started;
  }
  replica->AwaitFirstSync();
  return store;
}

EtcdStore::EtcdStore(std::shared_ptr<Replica> replica)
    : RegistryStore(replica->table), replica_(std::move(replica)) {}

EtcdStore::~EtcdStore() { replica_->Stop(); }

void EtcdStore::Register(RegisterRequest request, Done done) {
  const absl::Status checked = replica_->table->Check(request);
  if (!checked.ok()) return std::move(done)(checked);
  replica_->Enqueue(std::move(request), std::move(done));
}

void EtcdStore::Unregister(absl::string_view source, int port, Done done) {
  std::vector<RegistrationKey> keys = replica_->table->OwnedBy(source, port);
  if (keys.empty()) return std::move(done)(absl::OkStatus());
  replica_->Enqueue(Deletion{std::move(keys), Cause::kUnregistered}, std::move(done));
}

void EtcdStore::Delete(const RegistrationKey& key, Done done) {
  replica_->Enqueue(Deletion{{key}, Cause::kDeleted}, std::move(done));
}

RegistryStore::State EtcdStore::state() const { return replica_->state(); }

absl::Duration EtcdStore::pruning_timeout() const { return replica_->pruning_timeout; }

absl::StatusOr<std::vector<std::string>> ParseEtcdMembers(absl::string_view text) {
  std::vector<std::string> members = absl::StrSplit(text, ',');
  for (const std::string& member : members) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(member);
    if (!endpoint.ok()) return endpoint.status();
    if (!endpoint->socket_path.empty() || endpoint->host.empty() || endpoint->port == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", member, "\": expected HOST:PORT of a member of etcd"));
    }
  }
  return members;
}

}  // namespace rpyc
