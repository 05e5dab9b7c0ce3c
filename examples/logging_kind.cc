#include "examples/logging_kind.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/session.h"

namespace examples {
namespace {

// Many threads log, so each line is written in one piece.
void Log(const char* level, const std::string& text) {
  const std::string line = absl::StrCat(level, ": ", text, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

// Logs a session and leaves all else to it.
class LoggedSession : public rpyc::Session {
 public:
  explicit LoggedSession(std::shared_ptr<rpyc::Session> session) : session_(std::move(session)) {}

  const std::string& peer() const override { return session_->peer(); }

  // Authenticates and serves.
  absl::Status ServeAll() override {
    Log("INFO", absl::StrCat("Client connecting from ", peer()));
    absl::Status end = session_->ServeAll();
    LogEnd(end);
    return end;
  }

  // These two do together what ServeAll does, for kinds whose threads serve many clients.
  void ServeBy(Arm arm) override {
    Log("INFO", absl::StrCat("Client connecting from ", peer()));
    session_->ServeBy(std::move(arm));
  }
  std::optional<absl::Status> ServeArrived(int request_budget) override {
    std::optional<absl::Status> end = session_->ServeArrived(request_budget);
    if (end.has_value()) LogEnd(*end);
    return end;
  }

  void Drain(absl::Time deadline) override { session_->Drain(deadline); }
  void Shutdown() override { session_->Shutdown(); }
  bool busy() const override { return session_->busy(); }

 private:
  void LogEnd(const absl::Status& end) {
    if (end.ok()) {
      Log("INFO", absl::StrCat("Client ", peer(), " disconnected normally"));
    } else {
      Log("ERROR", absl::StrCat("Client ", peer(), " error: ", end.message()));
    }
  }

  const std::shared_ptr<rpyc::Session> session_;
};

// This is another kind, which is given sessions that log.
class LoggingServerKind : public rpyc::ServerKind {
 public:
  explicit LoggingServerKind(std::unique_ptr<rpyc::ServerKind> base) : base_(std::move(base)) {}

  absl::Status Start(const rpyc::KindContext& context) override {
    rpyc::KindContext logged = context;
    logged.make_session = [make_session = context.make_session](rpyc::Socket socket) {
      return std::make_shared<LoggedSession>(make_session(std::move(socket)));
    };
    return base_->Start(logged);
  }

  absl::Status Admit(rpyc::Socket socket) override { return base_->Admit(std::move(socket)); }
  absl::Status Drain(absl::Time deadline) override { return base_->Drain(deadline); }
  rpyc::ServerKindStats Stats() const override { return base_->Stats(); }

 private:
  const std::unique_ptr<rpyc::ServerKind> base_;
};

}  // namespace

rpyc::ServerKindInfo LoggingKind(const rpyc::ServerKindInfo& base) {
  return {
      .name = "logging",
      .summary = absl::StrCat("As ", base.name, ", and logs who connects and how that ends."),
      .traits = base.traits,
      .make = [make = base.make] { return std::make_unique<LoggingServerKind>(make()); },
  };
}

}  // namespace examples
