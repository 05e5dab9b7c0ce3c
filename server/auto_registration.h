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

// Keeps a server announced to a registry: announces it at once, then every minute, and sooner after
// a failure. When it stops, it takes the announcement back.
// Owns:    one thread.
// Threads: any.
// Source:  RPyC utils/server.py, Server._bg_register and close, 5.3.1 and 6.0.2.
class AutoRegistration {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(60);  // REREGISTER_INTERVAL

  // What it announces.
  struct Announcement {
    std::vector<std::string> aliases;
    int port = 0;
    std::string from;   // see Registrar::Register
    std::string label;  // names the server in the log
  };

  // Errors:  kResourceExhausted - no thread.
  static absl::StatusOr<std::unique_ptr<AutoRegistration>> Start(RegistrarOptions registrar,
                                                                 Announcement announcement);
  // Calls Stop; does not wait for the end.
  ~AutoRegistration();

  // Makes the thread take the announcement back and end. Returns at once. Idempotent.
  void Stop();
  // Waits for the thread's end, for at most as long as a registry may take to answer.
  void AwaitEnd();

  // The result of the last announcement; OK before the first one.
  absl::Status last_attempt() const;

 private:
  class Announcer;  // the thread's loop
  explicit AutoRegistration(std::shared_ptr<Announcer> announcer);
  const std::shared_ptr<Announcer> announcer_;  // shared with its thread
};

}  // namespace rpyc

#endif  // RPYC_SERVER_AUTO_REGISTRATION_H_
