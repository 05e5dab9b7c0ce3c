#ifndef RPYC_REGISTRY_MESSAGES_H_
#define RPYC_REGISTRY_MESSAGES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/cpp20.h"

// The messages of RPyC's discovery. A datagram holds one brine value; a TCP connection carries one
// each way. They are the same in RPyC 4.1 to 6.0; LIST exists since 5.1.
namespace rpyc {

inline constexpr int kRegistryPort = 18811;                 // REGISTRY_PORT, UDP and TCP
inline constexpr size_t kMaxRegistryRequestBytes = 1500;    // MAX_DGRAM_SIZE
inline constexpr size_t kMaxRegistryReplyBytes = 1500;      // RPyC's clients read no more
inline constexpr size_t kMaxRegistryListBytes = 10 * 1500;  // the same for LIST over UDP

// The address that a server listens at.
struct ServerAddress {
  std::string host;  // numeric
  int port = 0;
  friend bool operator==(const ServerAddress&, const ServerAddress&) = default;
};

struct RegistryRequest {
  enum class Command { kRegister, kUnregister, kQuery, kList };

  Command command = Command::kQuery;
  std::vector<std::string> names = {};  // kRegister: the aliases; kQuery: the name asked for
  int port = 0;                         // kRegister, kUnregister
  std::string filter_host = "";         // kList; empty: every host
};

// Reads a request. It ignores bytes after the value, as RPyC does.
// Wire:    ("RPYC", command, args); the command in any case. REGISTER (aliases, port),
//          UNREGISTER (port,), QUERY (name,), LIST ((host or None,),).
// Errors:  kDataLoss - not brine, or only the start of a value; kInvalidArgument - not a request,
//          for example because the port is not an int of 1 to 65535.
// Source:  RPyC utils/registry.py, RegistryServer._work and cmd_*, 5.3.1 and 6.0.2, which do not
//          check the port.
absl::StatusOr<RegistryRequest> ParseRegistryRequest(absl::string_view bytes);
// Errors:  kInvalidArgument - a name is not UTF-8.
absl::StatusOr<std::string> EncodeRegistryRequest(const RegistryRequest& request);

// The reply "OK".
std::string EncodeOkReply();
// A tuple of (host, port), with as many servers from the front as fit into `max_bytes`.
std::string EncodeServersReply(const std::vector<ServerAddress>& servers, size_t max_bytes);
// A tuple of names, with as many from the front as fit into `max_bytes`; the answer to LIST.
std::string EncodeNamesReply(const std::vector<std::string>& names, size_t max_bytes);
// The reply None, which says that listing is not allowed.
std::string EncodeDeniedReply();

// These read what a registry answers.
// Errors:  kInvalidArgument - another value; those of brine::Decode.
absl::Status ParseOkReply(absl::string_view bytes);
absl::StatusOr<std::vector<ServerAddress>> ParseServersReply(absl::string_view bytes);
// Errors:  kPermissionDenied also - listing is not allowed.
absl::StatusOr<std::vector<std::string>> ParseNamesReply(absl::string_view bytes);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_MESSAGES_H_
