#ifndef RPYC_REGISTRY_MESSAGES_H_
#define RPYC_REGISTRY_MESSAGES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/cpp20.h"

// The messages of RPyC's discovery: one brine value a datagram, or one each way a TCP connection.
// The same in RPyC 4.1 to 6.0; LIST since 5.1.
namespace rpyc {

inline constexpr int kRegistryPort = 18811;                 // REGISTRY_PORT, UDP and TCP
inline constexpr size_t kMaxRegistryRequestBytes = 1500;    // MAX_DGRAM_SIZE
inline constexpr size_t kMaxRegistryReplyBytes = 1500;      // what RPyC's clients read
inline constexpr size_t kMaxRegistryListBytes = 10 * 1500;  // the same, of LIST by UDP

// Where a server listens.
struct ServerAddress {
  std::string host;  // numeric
  int port = 0;
  friend bool operator==(const ServerAddress&, const ServerAddress&) = default;
};

struct RegistryRequest {
  enum class Command { kRegister, kUnregister, kQuery, kList };

  Command command = Command::kQuery;
  std::vector<std::string> names = {};  // kRegister: the aliases; kQuery: the one asked for
  int port = 0;                         // kRegister, kUnregister
  std::string filter_host = "";         // kList; empty: none
};

// Reads a request; what follows the value is ignored, as RPyC does.
// Wire:    ("RPYC", command, args); the command in any case. REGISTER (aliases, port),
//          UNREGISTER (port,), QUERY (name,), LIST ((host or None,),).
// Errors:  kDataLoss - no brine, or only the start of it; kInvalidArgument - something else than a
//          request, such as one with a port that is no int of 1 to 65535.
// Source:  RPyC utils/registry.py, RegistryServer._work and cmd_*, 5.3.1 and 6.0.2; the port is not
//          checked there.
absl::StatusOr<RegistryRequest> ParseRegistryRequest(absl::string_view bytes);
// Errors:  kInvalidArgument - a name that is not UTF-8.
absl::StatusOr<std::string> EncodeRegistryRequest(const RegistryRequest& request);

// "OK".
std::string EncodeOkReply();
// As many servers from the front as `max_bytes` have room for, and RPyC's clients read: a tuple of
// (host, port).
std::string EncodeServersReply(const std::vector<ServerAddress>& servers, size_t max_bytes);
// The same for names; LIST's answer.
std::string EncodeNamesReply(const std::vector<std::string>& names, size_t max_bytes);
// None: listing is not allowed.
std::string EncodeDeniedReply();

// What a registry answers. Errors:  kInvalidArgument - something else.
absl::Status ParseOkReply(absl::string_view bytes);
absl::StatusOr<std::vector<ServerAddress>> ParseServersReply(absl::string_view bytes);
// Errors:  also kPermissionDenied - listing is not allowed.
absl::StatusOr<std::vector<std::string>> ParseNamesReply(absl::string_view bytes);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_MESSAGES_H_
