#ifndef RPYC_SERVER_AUTO_REGISTRATION_H_
#define RPYC_SERVER_AUTO_REGISTRATION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registry/registrar.h"

namespace rpyc {

// Keeps a server announced to a registry: at once, again every minute, and soon again where that
// failed; the registry forgets it when it stops. Owns a thread for that.
// Threads: any.
// Source:  RPyC utils/server.py, Server._bg_register and close, 5.3.1 and 6.0.2.
class AutoRegistration {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(60);  // REREGISTER_INTERVAL

  // What is announced.
  struct Announcement {
    std::vector<std::string> aliases;
    int port = 0;
    std::string from;   // as Registrar::Register
    std::string label;  // the server's, for the log
  };

  // Errors:  kResourceExhausted - no thread.
  static absl::StatusOr<std::unique_ptr<AutoRegistration>> Start(RegistrarOptions registrar,
                                                                 Announcement announcement);
  // Stops, without waiting.
  ~AutoRegistration();

  // Takes the announcement back and ends. Returns at once. Idempotent.
  void Stop();
  // Waits until that is done, as long as the registry may take for it.
  void AwaitEnd();

  // How the last attempt went; OK before there was one.
  absl::Status last_attempt() const;

 private:
  class Announcer;
  explicit AutoRegistration(std::shared_ptr<Announcer> announcer);
  const std::shared_ptr<Announcer> announcer_;  // shared with its thread
};

}  // namespace rpyc

#endif  // RPYC_SERVER_AUTO_REGISTRATION_H_
