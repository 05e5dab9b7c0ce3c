#include "server/server_directory.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/mutex.h"
#include "server/memory_limits.h"
#include "server/reason.h"
#include "server/server_id.h"
#include "server/thread.h"

namespace rpyc {
namespace {

constexpr size_t kMaxClosedRecords = 100;
// How long CloseAll waits beyond the drain, for servers that are just being started or that take
// back their announcements.
constexpr absl::Duration kCloseGrace = absl::Seconds(5);

absl::Status NotFound(absl::string_view id) {
  return ReasonStatus(absl::StatusCode::kNotFound, "SERVER_NOT_FOUND",
                      absl::StrCat("servers/", id, " not found"), {{"field", "name"}});
}

absl::Status WrongState(absl::string_view id, absl::string_view state) {
  return ReasonStatus(absl::StatusCode::kFailedPrecondition, "INVALID_SERVER_STATE",
                      absl::StrCat("servers/", id, " is ", state), {{"field", "name"}});
}

// One server, from the moment its start was asked for. Its fields change under the directory's
// lock; the server is called without the lock.
struct Entry {
  enum Stage { kStarting, kOpen, kClosing, kClosed };

  Stage stage = kStarting;
  std::shared_ptr<Server> server;  // set in kOpen and kClosing
  // The server's, once it is open; an empty one until then.
  std::shared_ptr<SessionLedger> ledger = std::make_shared<SessionLedger>();
  ServerRecord record;              // its snapshot is set in kClosed
  std::shared_ptr<Entry> replaced;  // the closed server of this id, restored if the start fails
};

using EntryPtr = std::shared_ptr<Entry>;

// What a record is made of. It is copied under the lock; the server's snapshot is taken without it.
struct EntryView {
  explicit EntryView(const Entry& entry) : server(entry.server), record(entry.record) {}

  ServerRecord ToRecord() && {
    if (server != nullptr) record.snapshot = server->Snapshot();
    // A server shows as closed only once its id is free, which comes next.
    if (server != nullptr && record.snapshot.state == ServerState::kClosed) {
      record.snapshot.state = ServerState::kDraining;
    }
    return std::move(record);
  }

  std::shared_ptr<Server> server;
  ServerRecord record;
};

}  // namespace

struct ServerDirectory::Table : public std::enable_shared_from_this<Table> {
  // Returns the id of a new server: `id`, or one that is made if it is empty.
  absl::StatusOr<std::string> ChooseIdLocked(absl::string_view id, const Service& service) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // BeginStart takes the id, and EndStart records what the start came to. Without the lock.
  absl::StatusOr<EntryPtr> BeginStart(absl::string_view id, const ServerOptions& options,
                                      const Service& service);
  absl::StatusOr<EntryView> EndStart(const EntryPtr& entry,
                                     absl::StatusOr<std::unique_ptr<Server>> server);
  // Makes the observer of a server's states. It owns nothing: the entry owns the server, which owns
  // the observer.
  Server::StateObserver MakeObserver(const EntryPtr& entry);
  // Records the end of a server that has closed by itself. Any thread, without the lock.
  void RecordIfClosed(const EntryPtr& entry);
  // Gives the id back after a start that failed.
  void CancelStartLocked(const EntryPtr& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // BeginClose makes the caller the one that closes the server; EndClose, after that, records and
  // returns its final record. Without the lock.
  absl::StatusOr<EntryPtr> BeginClose(absl::string_view id, CloseCondition may_close);
  ServerRecord EndClose(const EntryPtr& entry, Server& server);
  bool IsKeptLocked(const EntryPtr& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool AllClosedLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  void ChangedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    ++revision;
    changed.SignalAll();
  }

  mutable Mutex mutex;
  CondVar changed;
  int64_t revision ABSL_GUARDED_BY(mutex) = 1;
  bool closing ABSL_GUARDED_BY(mutex) = false;
  int64_t next_number ABSL_GUARDED_BY(mutex) = 0;
  std::map<std::string, EntryPtr, std::less<>> entries ABSL_GUARDED_BY(mutex);
  std::deque<EntryPtr> closed ABSL_GUARDED_BY(mutex);  // oldest first
  Totals closed_totals ABSL_GUARDED_BY(mutex);         // sums over all closed servers
};

absl::StatusOr<std::string> ServerDirectory::Table::ChooseIdLocked(absl::string_view id,
                                                                   const Service& service) const {
  if (closing) return HostClosing();
  const auto taken = [this](absl::string_view id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto found = entries.find(id);
    return found != entries.end() && found->second->stage != Entry::kClosed;
  };
  if (id.empty()) return MakeServerId(service.name(), taken);
  if (!IsServerId(id)) {
    return InvalidField(
        "server_id", absl::StrCat("server_id \"", absl::Utf8SafeCEscape(id), "\" does not match ",
                                  "[a-z]([a-z0-9-]{0,61}[a-z0-9])?"));
  }
  if (taken(id)) {
    return ReasonStatus(absl::StatusCode::kAlreadyExists, "SERVER_ALREADY_EXISTS",
                        absl::StrCat("servers/", id, " already exists"), {{"field", "server_id"}});
  }
  return std::string(id);
}

absl::StatusOr<EntryPtr> ServerDirectory::Table::BeginStart(absl::string_view id,
                                                            const ServerOptions& options,
                                                            const Service& service) {
  MutexLock lock(&mutex);
  absl::StatusOr<std::string> chosen = ChooseIdLocked(id, service);
  if (!chosen.ok()) return chosen.status();
  auto entry = std::make_shared<Entry>();
  entry->record.number = next_number++;
  entry->record.id = *chosen;
  entry->record.options = options;
  entry->replaced = std::exchange(entries[*chosen], entry);
  ChangedLocked();
  return entry;
}

absl::StatusOr<EntryView> ServerDirectory::Table::EndStart(
    const EntryPtr& entry, absl::StatusOr<std::unique_ptr<Server>> server) {
  MutexLock lock(&mutex);
  RPYC_ASSERT(entry->stage == Entry::kStarting && entry->server == nullptr);
  ChangedLocked();
  if (!server.ok()) {
    CancelStartLocked(entry);
    return server.status();
  }
  if (closing) {
    CancelStartLocked(entry);
    return HostClosing();  // `server` is destroyed, and so closes, without the lock
  }
  entry->stage = Entry::kOpen;
  entry->server = *std::move(server);
  entry->ledger = entry->server->ledger();
  entry->record.options = entry->server->options();
  closed.erase(std::remove(closed.begin(), closed.end(), std::exchange(entry->replaced, nullptr)),
               closed.end());
  return EntryView(*entry);
}

Server::StateObserver ServerDirectory::Table::MakeObserver(const EntryPtr& entry) {
  return [weak_table = weak_from_this(), weak_entry = std::weak_ptr(entry)] {
    const std::shared_ptr<Table> table = weak_table.lock();
    const EntryPtr entry = weak_entry.lock();
    if (table != nullptr && entry != nullptr) table->RecordIfClosed(entry);
  };
}

void ServerDirectory::Table::RecordIfClosed(const EntryPtr& entry) {
  Server* server;
  {
    MutexLock lock(&mutex);
    ChangedLocked();
    if (entry->stage != Entry::kOpen) return;
    server = entry->server.get();
    if (server->Snapshot().state != ServerState::kClosed) return;
    entry->stage = Entry::kClosing;
  }
  EndClose(entry, *server);
}

void ServerDirectory::Table::CancelStartLocked(const EntryPtr& entry) {
  RPYC_ASSERT(entries.at(entry->record.id) == entry);
  if (entry->replaced != nullptr && IsKeptLocked(entry->replaced)) {
    entries[entry->record.id] = entry->replaced;
  } else {
    entries.erase(entry->record.id);
  }
}

absl::StatusOr<EntryPtr> ServerDirectory::Table::BeginClose(absl::string_view id,
                                                            CloseCondition may_close) {
  MutexLock lock(&mutex);
  const auto found = entries.find(id);
  if (found == entries.end()) return NotFound(id);
  switch (found->second->stage) {
    case Entry::kStarting:
      return WrongState(id, "not started yet");
    case Entry::kClosing:
      return WrongState(id, "being closed");
    case Entry::kClosed:
      return WrongState(id, "closed already");
    case Entry::kOpen:
      break;
  }
  absl::Status may = may_close(EntryView(*found->second).ToRecord());
  if (!may.ok()) return may;
  found->second->stage = Entry::kClosing;
  return found->second;
}

ServerRecord ServerDirectory::Table::EndClose(const EntryPtr& entry, Server& server) {
  const ServerSnapshot last = server.Snapshot();
  std::shared_ptr<Server> released;  // destroyed without the lock
  MutexLock lock(&mutex);
  RPYC_ASSERT(entry->stage == Entry::kClosing && entry->server.get() == &server);
  ChangedLocked();
  entry->stage = Entry::kClosed;
  entry->record.snapshot = last;
  released = std::move(entry->server);
  closed_totals.connections_total += last.connections_total;
  closed_totals.calls_total += last.calls_total;
  closed_totals.abandoned_calls += last.abandoned_calls;
  closed.push_back(entry);
  if (closed.size() > kMaxClosedRecords) {
    const auto oldest = entries.find(closed.front()->record.id);
    RPYC_ASSERT(oldest != entries.end());
    if (oldest->second == closed.front()) entries.erase(oldest);
    closed.pop_front();
  }
  return entry->record;
}

bool ServerDirectory::Table::IsKeptLocked(const EntryPtr& entry) const {
  return std::find(closed.begin(), closed.end(), entry) != closed.end();
}

bool ServerDirectory::Table::AllClosedLocked() const {
  return std::all_of(entries.begin(), entries.end(),
                     [](const auto& item) { return item.second->stage == Entry::kClosed; });
}

ServerDirectory::ServerDirectory(ServiceCatalog catalog, ServerKindTable kinds,
                                 std::shared_ptr<Zygote> zygote, size_t max_total_bytes)
    : catalog_(std::move(catalog)),
      kinds_(std::move(kinds)),
      zygote_(std::move(zygote)),
      budget_(std::make_shared<ByteBudget>("the host's max_total_bytes", max_total_bytes == 0
                                                                             ? DefaultTotalBytes()
                                                                             : max_total_bytes)),
      table_(std::make_shared<Table>()) {}

ServerDirectory::~ServerDirectory() { CloseAll(absl::ZeroDuration()); }

absl::StatusOr<const Service*> ServerDirectory::FindService(absl::string_view name) const {
  const Service* service = catalog_.Find(name);
  if (service != nullptr) return service;
  const std::string what =
      name.empty() ? "spec.service is missing"
                   : absl::StrCat("unknown service \"", absl::Utf8SafeCEscape(name), "\"");
  return ReasonStatus(absl::StatusCode::kInvalidArgument, "UNKNOWN_SERVICE",
                      absl::StrCat(what, "; known: ", catalog_.Names(), catalog_.DidYouMean(name)),
                      {{"field", "spec.service"}});
}

absl::StatusOr<ServerRecord> ServerDirectory::StartServer(absl::string_view id,
                                                          const ServerOptions& options) {
  absl::StatusOr<const Service*> service = FindService(options.service);
  if (!service.ok()) return service.status();
  absl::StatusOr<EntryPtr> entry = table_->BeginStart(id, options, **service);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<EntryView> started =
      table_->EndStart(*entry, Server::Start(options, **service, kinds_, watcher_,
                                             table_->MakeObserver(*entry), zygote_, budget_));
  if (!started.ok()) return WithWhyNoZygote(started.status(), options.kind);
  table_->RecordIfClosed(*entry);  // it may have closed before EndStart
  return std::move(*started).ToRecord();
}

absl::Status ServerDirectory::WithWhyNoZygote(const absl::Status& error,
                                              absl::string_view kind) const {
  const ServerKindInfo* const info = kinds_.Find(kind);
  if (zygote_ != nullptr || why_no_zygote_.empty() || info == nullptr ||
      !info->traits.separate_process) {
    return error;
  }
  return WithMessage(error, absl::StrCat(error.message(), ": ", why_no_zygote_));
}

absl::StatusOr<ServerRecord> ServerDirectory::CheckServer(absl::string_view id,
                                                          const ServerOptions& options) const {
  absl::StatusOr<const Service*> service = FindService(options.service);
  if (!service.ok()) return service.status();
  absl::StatusOr<ServerOptions> complete = Server::Check(options, **service, kinds_);
  if (!complete.ok()) return complete.status();
  MutexLock lock(&table_->mutex);
  absl::StatusOr<std::string> chosen = table_->ChooseIdLocked(id, **service);
  if (!chosen.ok()) return chosen.status();
  return ServerRecord{*std::move(chosen), table_->next_number, *std::move(complete), {}};
}

absl::StatusOr<ServerRecord> ServerDirectory::CloseServer(absl::string_view id,
                                                          absl::Duration drain_timeout,
                                                          CloseCondition may_close) {
  absl::StatusOr<EntryPtr> entry = table_->BeginClose(id, may_close);
  if (!entry.ok()) return entry.status();
  // Only EndClose releases the server.
  Server& server = *(*entry)->server;
  server.Close(drain_timeout);
  return table_->EndClose(*entry, server);
}

void ServerDirectory::ReloadCertificates() {
  std::vector<std::shared_ptr<Server>> open;
  {
    MutexLock lock(&table_->mutex);
    for (const auto& [id, entry] : table_->entries) {
      if (entry->stage == Entry::kOpen) open.push_back(entry->server);
    }
  }
  for (const std::shared_ptr<Server>& server : open) server->ReloadCertificates().IgnoreError();
}

absl::StatusOr<ServerRecord> ServerDirectory::GetServer(absl::string_view id) const {
  std::optional<EntryView> view;
  {
    MutexLock lock(&table_->mutex);
    const auto found = table_->entries.find(id);
    if (found == table_->entries.end()) return NotFound(id);
    view.emplace(*found->second);
  }
  return std::move(*view).ToRecord();
}

std::vector<ServerRecord> ServerDirectory::ListServers(bool show_closed) const {
  std::vector<EntryView> views;
  {
    MutexLock lock(&table_->mutex);
    for (const auto& [id, entry] : table_->entries) {
      if (show_closed || entry->stage != Entry::kClosed) views.emplace_back(*entry);
    }
  }
  std::sort(views.begin(), views.end(), [](const EntryView& a, const EntryView& b) {
    return a.record.number < b.record.number;
  });
  std::vector<ServerRecord> records;
  for (EntryView& view : views) records.push_back(std::move(view).ToRecord());
  return records;
}

absl::StatusOr<std::shared_ptr<SessionLedger>> ServerDirectory::GetLedger(
    absl::string_view id) const {
  MutexLock lock(&table_->mutex);
  const auto found = table_->entries.find(id);
  if (found == table_->entries.end()) return NotFound(id);
  return found->second->ledger;
}

int64_t ServerDirectory::AwaitChange(int64_t revision, absl::Time deadline) const {
  MutexLock lock(&table_->mutex);
  while (table_->revision == revision && table_->changed.WaitUntil(&table_->mutex, deadline)) {
  }
  return table_->revision;
}

void ServerDirectory::WakeWaiters() {
  MutexLock lock(&table_->mutex);
  table_->ChangedLocked();
}

bool ServerDirectory::closing() const {
  MutexLock lock(&table_->mutex);
  return table_->closing;
}

void ServerDirectory::CloseAll(absl::Duration drain_timeout) {
  const absl::Time deadline = absl::Now() + drain_timeout;
  std::vector<EntryPtr> to_close;
  // Other threads close these already; closing them here too shortens their drain.
  std::vector<std::shared_ptr<Server>> closing_elsewhere;
  {
    MutexLock lock(&table_->mutex);
    table_->closing = true;
    table_->ChangedLocked();
    for (const auto& [id, entry] : table_->entries) {
      if (entry->stage == Entry::kClosing) closing_elsewhere.push_back(entry->server);
      if (entry->stage != Entry::kOpen) continue;
      entry->stage = Entry::kClosing;
      to_close.push_back(entry);
    }
  }
  const auto close = [table = table_, deadline](const EntryPtr& entry, Server& server) {
    server.Close(deadline - absl::Now());
    if (entry != nullptr) table->EndClose(entry, server);
  };
  const auto close_on_a_thread = [&close](const EntryPtr& entry, std::shared_ptr<Server> server) {
    absl::Status started = StartThread([close, entry, server] { close(entry, *server); });
    if (!started.ok()) close(entry, *server);
  };
  for (const EntryPtr& entry : to_close) close_on_a_thread(entry, entry->server);
  for (const auto& server : closing_elsewhere) close_on_a_thread(nullptr, server);

  MutexLock lock(&table_->mutex);
  while (!table_->AllClosedLocked() &&
         table_->changed.WaitUntil(&table_->mutex, deadline + kCloseGrace)) {
  }
}

ServerDirectory::Totals ServerDirectory::GetTotals() const {
  Totals totals;
  std::vector<std::shared_ptr<Server>> servers;
  {
    MutexLock lock(&table_->mutex);
    totals = table_->closed_totals;
    for (const auto& [id, entry] : table_->entries) {
      if (entry->server != nullptr) servers.push_back(entry->server);
    }
  }
  totals.servers_open = static_cast<int64_t>(servers.size());
  for (const auto& server : servers) {
    const ServerSnapshot snapshot = server->Snapshot();
    totals.connections_open += snapshot.connections_open;
    totals.connections_total += snapshot.connections_total;
    totals.calls_total += snapshot.calls_total;
  }
  return totals;
}

}  // namespace rpyc
