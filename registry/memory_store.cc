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

// Who may wait for the file at a time.
constexpr size_t kMaxWaiting = 10'000;
// After a failure the file is written again so much later.
constexpr absl::Duration kWriteRetry = absl::Seconds(5);

}  // namespace

// What the store shares with its thread.
class MemoryStore::Core {
 public:
  Core(const MemoryStoreOptions& options, const RegistryHooks& hooks,
       std::unique_ptr<SnapshotFile> file)
      : table(std::make_shared<RegistrationTable>(options.limits)),
        pruning_timeout(options.pruning_timeout),
        hooks_(hooks),
        file_(std::move(file)) {}

  // Until Stop.
  void Run();
  void Stop();
  void NeverRan();
  // The table has changed: has `done` called when that is kept.
  void Changed(Done done);

  const std::shared_ptr<RegistrationTable> table;
  const absl::Duration pruning_timeout;

 private:
  void Write(std::vector<Done> waiting);

  const RegistryHooks hooks_;
  const std::unique_ptr<SnapshotFile> file_;  // null: none
  bool failed_ = false;                       // the thread's: the last write did

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;    // the file is not as the table
  bool pending_ ABSL_GUARDED_BY(mutex_) = false;  // something may expire sooner than was thought
  std::vector<Done> waiting_ ABSL_GUARDED_BY(mutex_);
};

void MemoryStore::Core::Changed(Done done) {
  {
    MutexLock lock(&mutex_);
    pending_ = true;
    if (file_ != nullptr) dirty_ = true;
    changed_.Signal();
    const bool kept_later = file_ != nullptr && !stopping_;
    if (kept_later && waiting_.size() < kMaxWaiting) {
      waiting_.push_back(std::move(done));
      return;
    }
    if (kept_later) {
      done = [done = std::move(done)](absl::Status) mutable {
        std::move(done)(absl::UnavailableError("too many wait for the registry's snapshot"));
      };
    }
  }
  std::move(done)(absl::OkStatus());
}

void MemoryStore::Core::Run() {
  absl::Time again = absl::InfiniteFuture();  // of a write that failed
  for (;;) {
    const int64_t revision = table->revision();
    const absl::Time next = table->Prune(absl::Now());
    const bool pruned = table->revision() != revision;
    std::vector<Done> waiting;
    {
      MutexLock lock(&mutex_);
      if (pruned && file_ != nullptr) dirty_ = true;
      const absl::Time wake = std::min(next, again);
      while (!stopping_ && !pending_ && !(dirty_ && !failed_) && absl::Now() < wake) {
        changed_.WaitUntil(&mutex_, wake);
      }
      pending_ = false;
      const bool write = dirty_ && (!failed_ || !waiting_.empty() || absl::Now() >= again);
      if (!write) {
        if (stopping_) break;
        continue;
      }
      dirty_ = false;
      waiting.swap(waiting_);
    }
    Write(std::move(waiting));
    again = failed_ ? absl::Now() + kWriteRetry : absl::InfiniteFuture();
    MutexLock lock(&mutex_);
    if (failed_) dirty_ = true;
    if (failed_ && stopping_) break;
  }
  MutexLock lock(&mutex_);
  ended_ = true;
  changed_.SignalAll();
}

void MemoryStore::Core::Write(std::vector<Done> waiting) {
  const absl::Status written = file_->Write(table->All());
  if (!written.ok() && !failed_) hooks_.log(RegistryLogLevel::kError, written.message());
  if (written.ok() && failed_) {
    hooks_.log(RegistryLogLevel::kInfo, "the registry's snapshot is written again");
  }
  failed_ = !written.ok();
  for (Done& done : waiting) std::move(done)(absl::OkStatus());
}

void MemoryStore::Core::Stop() {
  std::vector<Done> waiting;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
    while (!ended_) changed_.Wait(&mutex_);
    waiting.swap(waiting_);
  }
  for (Done& done : waiting) std::move(done)(absl::CancelledError("the registry closes"));
}

void MemoryStore::Core::NeverRan() {
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
  auto core = std::make_shared<Core>(options, hooks, std::move(file));
  for (const Registration& registration : loaded) core->table->Put(registration);
  const absl::Status started = hooks.start_thread([core] { core->Run(); });
  if (!started.ok()) {
    core->NeverRan();
    return started;
  }
  return std::unique_ptr<MemoryStore>(new MemoryStore(std::move(core)));
}

MemoryStore::MemoryStore(std::shared_ptr<Core> core)
    : RegistryStore(core->table), core_(std::move(core)) {}

MemoryStore::~MemoryStore() { core_->Stop(); }

void MemoryStore::Register(RegisterRequest request, Done done) {
  const absl::Status registered =
      core_->table->Register(request, core_->pruning_timeout, absl::Now());
  if (!registered.ok()) return std::move(done)(registered);
  core_->Changed(std::move(done));
}

void MemoryStore::Unregister(absl::string_view source, int port, Done done) {
  bool removed = false;
  for (const RegistrationKey& key : core_->table->OwnedBy(source, port)) {
    removed |= core_->table->Remove(key, RegistrationChange::Cause::kUnregistered);
  }
  if (!removed) return std::move(done)(absl::OkStatus());
  core_->Changed(std::move(done));
}

void MemoryStore::Delete(const RegistrationKey& key, Done done) {
  if (!core_->table->Remove(key, RegistrationChange::Cause::kDeleted)) {
    return std::move(done)(absl::NotFoundError(absl::StrCat(
        key.service_name, " at ", key.host, " port ", key.port, " is not registered")));
  }
  core_->Changed(std::move(done));
}

absl::Duration MemoryStore::pruning_timeout() const { return core_->pruning_timeout; }

}  // namespace rpyc
