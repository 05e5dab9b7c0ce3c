#include "registry/memory_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "registry/snapshot_file.h"
#include "rpyc/mutex.h"

namespace rpyc {
namespace {

// Changes that may wait for the file at a time.
constexpr size_t kMaxWaiting = 10'000;
// What changes only times (a renewal, the end of a registration) is in the file so much later.
constexpr absl::Duration kWriteDelay = absl::Seconds(5);
// After a failure the file is written again so much later, if no change asks for it sooner.
constexpr absl::Duration kWriteRetry = absl::Seconds(5);
// A file that stays unwritable is logged once in this time.
constexpr absl::Duration kComplaintInterval = absl::Minutes(1);

using Cause = RegistrationChange::Cause;

}  // namespace

// What the store shares with its thread. Without a file a change is made by the thread that asks
// for it. With one it is made by the store's thread: first in `staged_`, which is written to the
// file, and then, once that is safe, in the table.
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

  // A change that somebody asks for.
  class Change {
   public:
    virtual ~Change() = default;
    // Makes it in `table`. `keys_changed` is set if a registration has come or gone.
    virtual absl::Status Apply(RegistrationTable& table, absl::Time now, bool* keys_changed) = 0;
    // Whether what the file holds already is enough for it: it adds and removes nothing.
    virtual bool IsInFile(const RegistrationTable& table) const = 0;
    Done done;
    absl::Status status = absl::OkStatus();  // of Apply in the staged table
  };

  // Until Stop.
  void Run();
  void Stop();
  void SetEnded();
  // Has the change made, and its `done` called.
  void Submit(std::unique_ptr<Change> change);
  State state() const;

  const std::shared_ptr<RegistrationTable> table;
  const absl::Duration pruning_timeout;

 private:
  using Changes = std::vector<std::unique_ptr<Change>>;

  void CommitAll(Changes changes);
  bool Write();
  void ResetStaged();

  const RegistryLimits limits_;
  const RegistryHooks hooks_;
  const std::unique_ptr<SnapshotFile> file_;  // null: none

  // The thread's.
  std::unique_ptr<RegistrationTable> staged_;     // null: there is no file
  absl::Time write_at_ = absl::InfiniteFuture();  // of what need not be written at once
  absl::Time last_complaint_ = absl::InfinitePast();  // of a file that cannot be written
  int64_t refused_changes_ = 0;                           // changes, since then

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool wake_up_ ABSL_GUARDED_BY(mutex_) = false;  // something may expire sooner than was thought
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);  // of the last write
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

// Makes the changes, in their order: all of them, or, where the file cannot be written, those for
// which it need not be.
void MemoryStore::Committer::CommitAll(Changes changes) {
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

// Writes what is staged. False if that fails: then it is tried again.
bool MemoryStore::Committer::Write() {
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
    hooks_.log(RegistryLogLevel::kInfo, "the registry's snapshot is written again");
    last_complaint_ = absl::InfinitePast();
    refused_changes_ = 0;
  }
  if (!written.ok() && now - last_complaint_ >= kComplaintInterval) {
    last_complaint_ = now;
    hooks_.log(RegistryLogLevel::kError,
               absl::StrCat(written.message(),
                            "; new registrations are refused until it can be"
                            " written (so far ",
                            std::exchange(refused_changes_, 0), ")"));
  }
  return written.ok();
}

// Has nothing staged that the table has not.
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
    const absl::Status written = (*opened)->Write(*read);
    if (!written.ok()) return written;
    file = *std::move(opened);
    loaded = *std::move(read);
  }
  auto committer = std::make_shared<Committer>(options, hooks, std::move(file), loaded);
  const absl::Status started = hooks.start_thread([committer] { committer->Run(); });
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
  Submit(std::make_unique<Registering>(std::move(request), committer_->pruning_timeout), std::move(done));
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
