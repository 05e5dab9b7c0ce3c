#ifndef RPYC_SERVER_SERVER_KIND_H_
#define RPYC_SERVER_SERVER_KIND_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/transport/socket.h"
#include "server/server_options.h"
#include "server/session.h"

namespace rpyc {

struct SessionSetup;
class Zygote;
class Watcher;

// What the conformance suite and the option checks must know about a kind.
struct ServerKindTraits {
  bool serves_inline = false;  // Admit returns only when the connection has ended
  // The server stops listening when it makes the first session, and closes when Admit of that has
  // returned. Only for kinds that serve inline.
  bool one_connection = false;
  bool separate_process = false;  // a connection shares no memory with the host
  bool cooperative = false;       // connections share a thread and yield to each other
  // The fields of ServerSpec that this kind accepts and not every kind does: "nbthreads".
  std::vector<std::string> option_fields = {};

  bool Accepts(absl::string_view field) const {
    return absl::c_linear_search(option_fields, field);
  }
};

// What a kind may use of its server. It is valid from Start until Drain has returned.
struct KindContext {
  // Makes the session of an accepted socket, which the kind runs once. This counts the connection
  // as accepted, so Admit must not refuse the socket afterwards.
  using SessionMaker = std::function<std::shared_ptr<Session>(Socket)>;
  SessionMaker make_session = nullptr;
  const ServerOptions* options = nullptr;
  // Ticks what a kind wants to check now and then; may be null.
  Watcher* watcher = nullptr;

  // The rest is for kinds that serve in separate processes.

  std::shared_ptr<Zygote> zygote = nullptr;  // null: the program has none
  // What all sessions of the server have in common; for kinds that make them elsewhere.
  std::shared_ptr<SessionSetup> setup = nullptr;
  // The kind calls it when it can serve no more, and the server becomes FAILED.
  // Threads: any, under no lock.
  std::function<void(absl::Status why)> failed = nullptr;
  // Set only in the process that forks the processes of connections. There the kind passes its
  // session maker to it, and starts nothing.
  std::function<void(SessionMaker)> serve_in_processes = nullptr;
};

struct ServerKindStats {
  int64_t sessions_open = 0;
  int64_t abandoned_calls = 0;  // still running after Drain
  // Set by kinds whose threads serve many connections.
  struct Workers {
    int64_t size = 0;       // threads that may serve at the same time
    int64_t busy = 0;       // threads that serve now
    int64_t waiting = 0;    // calls that wait for their clients; other threads serve meanwhile
    int64_t saturated = 0;  // how often so far the last free thread got work
  };
  std::optional<Workers> workers = std::nullopt;
  // Set by kinds whose connections share threads as fibers.
  struct Fibers {
    int64_t size = 0;       // fibers that may be busy at the same time
    int64_t busy = 0;       // fibers that run, or wait in a call
    int64_t most_busy = 0;  // the highest `busy` so far
    int64_t saturated = 0;  // how often so far the last free fiber of a loop got work
    int64_t blocked = 0;    // how often so far something blocked a loop for 100 ms or more
    absl::Duration longest_blocked = absl::ZeroDuration();
    std::string longest_blocked_by = "";                // the method; empty: something else
    absl::Duration blocked_for = absl::ZeroDuration();  // how long a loop is blocked now, if one is
    std::string blocked_by = "";                        // by this method
  };
  std::optional<Fibers> fibers = std::nullopt;
};

// Decides on which thread, process or fiber an accepted connection is served. The server owns it.
class ServerKind {
 public:
  virtual ~ServerKind() = default;
  // Acquires workers. Called once, before the listener opens.
  virtual absl::Status Start(const KindContext& context) = 0;
  // Runs the socket's session. Returns promptly, unless the kind serves inline.
  // Threads: the server's accept loop.
  virtual absl::Status Admit(Socket socket) = 0;
  // Refuses new sessions, ends idle sessions at once and busy ones when their call is answered, and
  // shuts the rest at `deadline`. Returns even if a call never does. Idempotent.
  virtual absl::Status Drain(absl::Time deadline) = 0;
  // Threads: any.
  virtual ServerKindStats Stats() const = 0;
};

// This is a row of the table.
struct ServerKindInfo {
  std::string name;     // the name that --server and StartServer use
  std::string summary;  // one sentence for people
  ServerKindTraits traits;
  std::function<std::unique_ptr<ServerKind>()> make;
};

// The kinds of server that a host can start; server_kinds.cc has this project's table. A program
// that wants a kind of its own makes its own table.
// Threads: any; it is immutable.
class ServerKindTable {
 public:
  explicit ServerKindTable(std::vector<ServerKindInfo> rows) : rows_(std::move(rows)) {}
  const ServerKindInfo* Find(absl::string_view name) const;  // nullptr: there is none
  const std::vector<ServerKindInfo>& rows() const { return rows_; }
  std::string Names() const;  // "threaded, forking", for messages

 private:
  std::vector<ServerKindInfo> rows_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_KIND_H_
