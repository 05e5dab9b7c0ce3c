#ifndef RPYC_FOREIGN_PROTOCOL_H_
#define RPYC_FOREIGN_PROTOCOL_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace rpyc {

// What a peer seems to be that sends something else than what a port is for.
struct ForeignProtocol {
  std::string name;    // "an HTTP client"
  std::string answer;  // tells the peer so in its own protocol; empty: nothing to be sent
};

// What a port is for: RPyC at once, or TLS with RPyC within.
enum class PortProtocol { kRpyc, kTls };

// Tells by the first bytes of a peer what it speaks, if they are not what the port is for.
// Returns: nullopt - they look like nothing that is known here.
// Wire:    the answers are an HTTP/1.1 response, a TLS alert, an RPyC exception in the client's
//          dialect, an error of RESP, or a line of text.
// Source:  RFC 9110 and 9113 (HTTP), RFC 8446 (TLS), RFC 4253 (ssh), RFC 854 (telnet), HAProxy's
//          doc/proxy-protocol.txt, Redis' RESP2.
std::optional<ForeignProtocol> RecogniseForeignProtocol(absl::string_view first_bytes,
                                                        PortProtocol port);

// Whether a TLS client is answered with `first_bytes` by a port of RPyC without TLS, as above.
bool IsAnswerToTls(absl::string_view first_bytes);

}  // namespace rpyc

#endif  // RPYC_FOREIGN_PROTOCOL_H_
