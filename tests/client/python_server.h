#ifndef TESTS_CLIENT_PYTHON_SERVER_H_
#define TESTS_CLIENT_PYTHON_SERVER_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// The versions of rpyc that the client is tested against.
inline constexpr const char* kVersions[] = {"4.1.5", "5.3.1", "6.0.2"};

// The dialect of that version; RPyC 4 speaks that of 5.
inline int DialectOf(const std::string& version) { return version[0] == '6' ? 6 : 5; }

// A process with server.py and real rpyc servers of one version. It ends with this object, and with
// the test.
class PythonServer {
 public:
  // Starts servers by their names in server.py; those with TLS as "tls=DIRECTORY".
  // Returns null if there is no such environment: the test is skipped then. Other errors fail it.
  static std::unique_ptr<PythonServer> Start(const std::string& version,
                                             const std::vector<std::string>& names);
  ~PythonServer();
  PythonServer(const PythonServer&) = delete;
  PythonServer& operator=(const PythonServer&) = delete;

  // Returns where the server `name` listens.
  const Endpoint& at(const std::string& name) const;
  // Kills it.
  void Kill();

 private:
  PythonServer() = default;
  std::optional<std::string> ReadLine();

  pid_t pid_ = 0;
  Fd stdin_, stdout_;
  std::string text_;  // read and not a line yet
  std::map<std::string, Endpoint> servers_;
};

}  // namespace rpyc

#endif  // TESTS_CLIENT_PYTHON_SERVER_H_
