#ifndef RPYC_FOREIGN_PROTOCOL_H_
#define RPYC_FOREIGN_PROTOCOL_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace rpyc {

// Says what a peer seems to be that sends something else than what a port is for.
struct ForeignProtocol {
  std::string name;    // "an HTTP client"
  std::string answer;  // tells the peer so in its own protocol; empty: nothing to be sent
};

// What a port is for: plain RPyC, or RPyC within TLS.
enum class PortProtocol { kRpyc, kTls };

// Recognises by the first bytes of a peer which protocol it speaks, if it is not what the port is
// for. Returns nullopt if they look like nothing that is known here.
// Wire:    the answers are an HTTP/1.1 response, a TLS alert, an RPyC exception in the client's
//          dialect, an error of RESP, or a line of text.
// Source:  RFC 9110 and 9113 (HTTP), RFC 8446 (TLS), RFC 4253 (ssh), RFC 854 (telnet), HAProxy's
//          doc/proxy-protocol.txt, Redis' RESP2.
std::optional<ForeignProtocol> RecogniseForeignProtocol(absl::string_view first_bytes,
                                                        PortProtocol port);

// Whether `first_bytes` are how a port of RPyC without TLS answers a TLS client, as above.
bool IsAnswerToTls(absl::string_view first_bytes);

}  // namespace rpyc

#endif  // RPYC_FOREIGN_PROTOCOL_H_
