#include "registry/memory_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "registry/snapshot_file.h"
#include "rpyc/assert.h"
#include "rpyc/mutex.h"
#include "rpyc/throttle.h"

namespace rpyc {
namespace {

// How many changes may wait for the file at a time.
constexpr size_t kMaxWaiting = 10'000;
// How long the write of a change that the file may lack for a while (a renewal, an expiry) may
// wait.
constexpr absl::Duration kWriteDelay = absl::Seconds(5);
// How long after a failure the write is tried again, unless a change needs it sooner.
constexpr absl::Duration kWriteRetry = absl::Seconds(5);
// How often the log repeats that the file cannot be written.
constexpr absl::Duration kComplaintInterval = absl::Minutes(1);

using Cause = RegistrationChange::Cause;

}  // namespace

// Makes the changes; shared by the store and its thread. Without a file, the thread that submits a
// change applies it to the table. With a file, the store's thread applies it: first to `staged_`,
// which it writes to the file, and then, once that is safe, to the table.
class MemoryStore::Committer {
 public:
  Committer(const MemoryStoreOptions& options, const RegistryHooks& hooks,
            std::unique_ptr<SnapshotFile> file, const std::vector<Registration>& loaded)
      : table(std::make_shared<RegistrationTable>(options.limits)),
        pruning_timeout(options.pruning_timeout),
        limits_(options.limits),
        hooks_(hooks),
        file_(std::move(file)) {
    for (const Registration& registration : loaded) table->Put(registration);
    if (file_ != nullptr) ResetStaged();
  }

  // A change that a caller of the store has asked for.
  class Change {
   public:
    virtual ~Change() = default;
    // Applies it to `table`. Sets `keys_changed` if that adds or removes a registration.
    virtual absl::Status Apply(RegistrationTable& table, absl::Time now, bool* keys_changed) = 0;
    // Whether the file holds it already, because it adds and removes nothing.
    virtual bool IsInFile(const RegistrationTable& table) const = 0;
    Done done;
    absl::Status status = absl::OkStatus();  // the result of Apply to the staged table
  };

  // The thread: prunes and commits until Stop.
  void Run();
  // Ends the thread and waits for its end.
  void Stop();
  // Says that the thread has never started.
  void SetEnded();
  // Makes the change, now or on the thread, and calls its `done`. Any thread, without the lock.
  void Submit(std::unique_ptr<Change> change);
  State state() const;

  const std::shared_ptr<RegistrationTable> table;
  const absl::Duration pruning_timeout;

 private:
  using Changes = std::vector<std::unique_ptr<Change>>;

  // Only the thread calls these, without the lock.

  // Makes the changes in their order and calls every `done`. Where the file cannot be written it
  // makes only those that the file holds already.
  void CommitAll(Changes changes);
  // Writes the staged registrations. Returns false if that fails; the thread then tries it again.
  bool Write();
  // Makes the staged registrations those of the table.
  void ResetStaged();

  const RegistryLimits limits_;
  const RegistryHooks hooks_;
  const std::unique_ptr<SnapshotFile> file_;  // null: none

  // Only the thread uses these.
  std::unique_ptr<RegistrationTable> staged_;     // null: there is no file
  absl::Time write_at_ = absl::InfiniteFuture();  // when the next delayed write is due
  Throttle complaints_{kComplaintInterval};       // about a file that cannot be written
  int64_t refused_changes_ = 0;                   // since then

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool wake_up_ ABSL_GUARDED_BY(mutex_) = false;  // the thread must look at both tables again
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);  // the result of the last write
  Changes waiting_ ABSL_GUARDED_BY(mutex_);
};

namespace {

class Registering : public MemoryStore::Committer::Change {
 public:
  Registering(RegisterRequest request, absl::Duration ttl)
      : request_(std::move(request)), ttl_(ttl) {}

  absl::Status Apply(RegistrationTable& table, absl::Time now, bool* keys_changed) override {
    const size_t before = table.size();
    absl::Status registered = table.Register(request_, ttl_, now);
    *keys_changed |= table.size() != before;
    return registered;
  }
  bool IsInFile(const RegistrationTable& table) const override {
    return std::all_of(request_.names.begin(), request_.names.end(), [&](const std::string& name) {
      return table.Get({name, request_.host, request_.port}).has_value();
    });
  }

 private:
  const RegisterRequest request_;
  const absl::Duration ttl_;
};

class Unregistering : public MemoryStore::Committer::Change {
 public:
  Unregistering(absl::string_view source, int port) : source_(source), port_(port) {}

  absl::Status Apply(RegistrationTable& table, absl::Time, bool* keys_changed) override {
    for (const RegistrationKey& key : table.OwnedBy(source_, port_)) {
      *keys_changed |= table.Remove(key, Cause::kUnregistered);
    }
    return absl::OkStatus();
  }
  bool IsInFile(const RegistrationTable& table) const override {
    return table.OwnedBy(source_, port_).empty();
  }

 private:
  const std::string source_;
  const int port_;
};

class Deleting : public MemoryStore::Committer::Change {
 public:
  explicit Deleting(const RegistrationKey& key) : key_(key) {}

  absl::Status Apply(RegistrationTable& table, absl::Time, bool* keys_changed) override {
    if (!table.Remove(key_, Cause::kDeleted)) {
      return absl::NotFoundError(absl::StrCat(key_.service_name, " at ", key_.host, " port ",
                                              key_.port, " is not registered"));
    }
    *keys_changed = true;
    return absl::OkStatus();
  }
  bool IsInFile(const RegistrationTable&) const override { return false; }

 private:
  const RegistrationKey key_;
};

}  // namespace

void MemoryStore::Committer::Submit(std::unique_ptr<Change> change) {
  absl::Status status;
  if (file_ == nullptr) {
    bool unused = false;
    status = change->Apply(*table, absl::Now(), &unused);
  }
  {
    MutexLock lock(&mutex_);
    wake_up_ = true;
    changed_.Signal();
    if (file_ != nullptr && !stopping_ && waiting_.size() < kMaxWaiting) {
      waiting_.push_back(std::move(change));
      return;
    }
    if (file_ != nullptr) {
      status = stopping_ ? absl::CancelledError("the registry closes")
                         : absl::UnavailableError(absl::StrCat(
                               kMaxWaiting, " changes wait for the registry's snapshot already"));
    }
  }
  std::move(change->done)(std::move(status));
}

void MemoryStore::Committer::Run() {
  for (bool stopping = false; !stopping;) {
    const int64_t revision = table->revision();
    const absl::Time now = absl::Now();
    const absl::Time next = table->Prune(now);
    if (staged_ != nullptr) {
      staged_->Prune(now);
      if (table->revision() != revision) write_at_ = std::min(write_at_, now + kWriteDelay);
    }
    Changes changes;
    {
      MutexLock lock(&mutex_);
      const absl::Time wake = std::min(next, write_at_);
      while (!stopping_ && !wake_up_ && absl::Now() < wake) changed_.WaitUntil(&mutex_, wake);
      wake_up_ = false;
      stopping = stopping_;
      changes.swap(waiting_);
    }
    if (!changes.empty()) CommitAll(std::move(changes));
    if (write_at_ <= absl::Now() || (stopping && write_at_ != absl::InfiniteFuture())) Write();
  }
  MutexLock lock(&mutex_);
  ended_ = true;
  changed_.SignalAll();
}

void MemoryStore::Committer::CommitAll(Changes changes) {
  RPYC_ASSERT(staged_ != nullptr);
  const absl::Time now = absl::Now();
  bool keys_changed = false;
  for (const auto& change : changes) change->status = change->Apply(*staged_, now, &keys_changed);
  write_at_ = std::min(write_at_, now + kWriteDelay);
  const bool written = !keys_changed || Write();
  absl::Status failure;
  if (!written) {
    MutexLock lock(&mutex_);
    failure = failure_;
  }
  bool unused = false;
  for (const auto& change : changes) {
    if (!written && !change->IsInFile(*table)) {
      ++refused_changes_;
      change->status = failure;
    } else if (change->status.ok()) {
      change->status = change->Apply(*table, now, &unused);
    }
  }
  if (!written) ResetStaged();
  for (const auto& change : changes) std::move(change->done)(std::move(change->status));
}

bool MemoryStore::Committer::Write() {
  RPYC_ASSERT(file_ != nullptr);
  absl::Status written = file_->Write(staged_->All());
  const absl::Time now = absl::Now();
  write_at_ = written.ok() ? absl::InfiniteFuture() : now + kWriteRetry;
  bool had_failed;
  {
    MutexLock lock(&mutex_);
    had_failed = !failure_.ok();
    failure_ = written;
  }
  if (written.ok() && had_failed) {
    hooks_.log(LogLevel::kInfo, "the registry's snapshot is written again");
    complaints_.Reset();
    refused_changes_ = 0;
  }
  if (!written.ok() && complaints_.Pass(now).has_value()) {
    hooks_.log(LogLevel::kError, absl::StrCat(written.message(),
                                              "; new registrations are refused until it can be"
                                              " written (so far ",
                                              std::exchange(refused_changes_, 0), ")"));
  }
  return written.ok();
}

void MemoryStore::Committer::ResetStaged() {
  staged_ = std::make_unique<RegistrationTable>(limits_);
  for (const Registration& registration : table->All()) staged_->Put(registration);
}

RegistryStore::State MemoryStore::Committer::state() const {
  MutexLock lock(&mutex_);
  return {.error = failure_};
}

void MemoryStore::Committer::Stop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.SignalAll();
  while (!ended_) changed_.Wait(&mutex_);
}

void MemoryStore::Committer::SetEnded() {
  MutexLock lock(&mutex_);
  ended_ = true;
}

absl::StatusOr<std::unique_ptr<MemoryStore>> MemoryStore::Start(const MemoryStoreOptions& options,
                                                                const RegistryHooks& hooks) {
  std::unique_ptr<SnapshotFile> file;
  std::vector<Registration> loaded;
  if (!options.snapshot_file.empty()) {
    absl::StatusOr<std::unique_ptr<SnapshotFile>> opened =
        SnapshotFile::Open(options.snapshot_file);
    if (!opened.ok()) return opened.status();
    absl::StatusOr<std::vector<Registration>> read = (*opened)->Read(absl::Now());
    if (!read.ok()) return read.status();
    absl::Status written = (*opened)->Write(*read);
    if (!written.ok()) return written;
    file = *std::move(opened);
    loaded = *std::move(read);
  }
  auto committer = std::make_shared<Committer>(options, hooks, std::move(file), loaded);
  absl::Status started = hooks.start_thread([committer] { committer->Run(); });
  if (!started.ok()) {
    committer->SetEnded();
    return started;
  }
  return std::unique_ptr<MemoryStore>(new MemoryStore(std::move(committer)));
}

MemoryStore::MemoryStore(std::shared_ptr<Committer> committer)
    : RegistryStore(committer->table), committer_(std::move(committer)) {}

MemoryStore::~MemoryStore() { committer_->Stop(); }

template <typename Change>
void MemoryStore::Submit(std::unique_ptr<Change> change, Done done) {
  change->done = std::move(done);
  committer_->Submit(std::move(change));
}

void MemoryStore::Register(RegisterRequest request, Done done) {
  Submit(std::make_unique<Registering>(std::move(request), committer_->pruning_timeout),
         std::move(done));
}

void MemoryStore::Unregister(absl::string_view source, int port, Done done) {
  Submit(std::make_unique<Unregistering>(source, port), std::move(done));
}

void MemoryStore::Delete(const RegistrationKey& key, Done done) {
  Submit(std::make_unique<Deleting>(key), std::move(done));
}

RegistryStore::State MemoryStore::state() const { return committer_->state(); }

absl::Duration MemoryStore::pruning_timeout() const { return committer_->pruning_timeout; }

}  // namespace rpyc
