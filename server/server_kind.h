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

// What the conformance suite and the option checks must know of a kind.
struct ServerKindTraits {
  bool serves_inline = false;  // Admit returns only when the connection has ended
  // The server stops listening when a connection's session is made, and closes when Admit of it
  // has returned: for kinds that serve inline.
  bool one_connection = false;
  bool separate_process = false;  // a connection shares no memory with the host
  bool cooperative = false;       // connections share a thread and yield to each other
  // The fields of ServerSpec that not every kind has and this one accepts: "nbthreads".
  std::vector<std::string> option_fields = {};

  bool Accepts(absl::string_view field) const {
    return absl::c_linear_search(option_fields, field);
  }
};

// What a kind may use of the server it belongs to; valid from Start until Drain has returned.
struct KindContext {
  // Makes the session of an accepted socket; to be run once, where the kind decides. Counts it as
  // accepted, so a socket that Admit refuses should not come this far.
  using SessionMaker = std::function<std::shared_ptr<Session>(Socket)>;
  SessionMaker make_session = nullptr;
  const ServerOptions* options = nullptr;
  // For what a kind wants to look at now and then; null: nobody looks.
  Watcher* watcher = nullptr;

  // The rest is for kinds that serve in processes of their own.

  std::shared_ptr<Zygote> zygote = nullptr;  // null: the program has none
  // What all sessions of the server have in common, for whoever does not make them here.
  std::shared_ptr<SessionSetup> setup = nullptr;
  // To be told why the kind can serve no more: the server is FAILED. Any thread, under no lock.
  std::function<void(absl::Status why)> failed = nullptr;
  // Set in the process that the connections' own are made from: a kind that serves in processes
  // hands it make_session there, perhaps in a wrapping of its own, and starts nothing.
  std::function<void(SessionMaker)> serve_in_processes = nullptr;
};

struct ServerKindStats {
  int64_t sessions_open = 0;
  int64_t abandoned_calls = 0;  // still running after Drain
  // Of kinds whose threads serve many connections.
  struct Workers {
    int64_t size = 0;       // threads that may serve at a time
    int64_t busy = 0;       // threads that serve now
    int64_t waiting = 0;    // calls that wait for their clients, and are stood in for
    int64_t saturated = 0;  // how often so far the last free one got something to do
  };
  std::optional<Workers> workers = std::nullopt;
  // Of kinds whose connections share threads as fibers.
  struct Fibers {
    int64_t size = 0;       // that may be in the middle of something at a time
    int64_t busy = 0;       // that are: they run, or wait in a call
    int64_t most_busy = 0;  // so far
    int64_t saturated = 0;  // how often so far the last free one of a loop got something to do
    int64_t blocked = 0;    // how often so far a loop was held up, for 100 ms or more
    absl::Duration longest_blocked = absl::ZeroDuration();
    std::string longest_blocked_by = "";                // the method; empty: something else
    absl::Duration blocked_for = absl::ZeroDuration();  // now; zero: none is
    std::string blocked_by = "";
  };
  std::optional<Fibers> fibers = std::nullopt;
};

// Decides on which thread, process or fiber an accepted connection is served.
class ServerKind {
 public:
  virtual ~ServerKind() = default;
  // Acquires workers; called once, before the listener opens.
  virtual absl::Status Start(const KindContext& context) = 0;
  // Has the socket's session run. Prompt, unless the kind serves inline. Called by one thread.
  virtual absl::Status Admit(Socket socket) = 0;
  // Refuses new ones; ends idle sessions at once and busy ones when their call is answered; at
  // `deadline` shuts the rest. Returns also if a call never does. Idempotent.
  virtual absl::Status Drain(absl::Time deadline) = 0;
  virtual ServerKindStats Stats() const = 0;  // any thread
};

// A row of the table.
struct ServerKindInfo {
  std::string name;     // what --server and StartServer say
  std::string summary;  // one sentence for people
  ServerKindTraits traits;
  std::function<std::unique_ptr<ServerKind>()> make;
};

// The kinds a host can start servers of; those of this project are in server_kinds.cc. A value:
// whoever wants a kind of his own makes a table of his own. Immutable, so thread-safe.
class ServerKindTable {
 public:
  explicit ServerKindTable(std::vector<ServerKindInfo> rows) : rows_(std::move(rows)) {}
  const ServerKindInfo* Find(absl::string_view name) const;  // nullptr if there is none
  const std::vector<ServerKindInfo>& rows() const { return rows_; }
  std::string Names() const;  // "threaded, forking", for messages

 private:
  std::vector<ServerKindInfo> rows_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_KIND_H_
