#ifndef RPYC_SERVER_NURSERY_MESSAGES_H_
#define RPYC_SERVER_NURSERY_MESSAGES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// The orders that a server gives its nursery, and the nursery's reports. They are messages
// (rpyc/transport/fd_message.h) between processes of one program, so both ends are the same build
// on the same machine.
// Wire:    the numbers in order, as memory has them, then the text.

struct NurseryOrder {
  enum Kind : uint32_t {
    kServe,         // serve the connection whose descriptor comes along; `text` is its peer
    kCertificates,  // show later peers the certificates in the file that comes along (EncodePem)
    kKill,          // kill the process of connection `number`
  };
  Kind kind = kServe;
  uint32_t slot = 0;    // for kServe: the index of the process's ProcessSlot
  uint64_t number = 0;  // for kServe: the connection's number, which reports and kKill use
  uint32_t tcp = 0;     // for kServe: Socket::tcp
  std::string text = "";
};

struct NurseryReport {
  enum Kind : uint32_t {
    kReady,      // the nursery can serve; `number` is its pid
    kFailed,     // the nursery cannot serve and ends; `text` says why
    kEnded,      // the process of connection `number` has ended, with `wait_status` of waitpid
    kNotForked,  // connection `number` has got no process; `text` says why
    kError,      // something is wrong and the nursery goes on; `text` says what
  };
  Kind kind = kReady;
  int32_t wait_status = 0;
  uint64_t number = 0;
  std::string text = "";
};

std::string WriteOrder(const NurseryOrder& order);
std::string WriteReport(const NurseryReport& report);
// Errors:  kInvalidArgument - the bytes are not an order, or not a report.
absl::StatusOr<NurseryOrder> ReadOrder(absl::string_view bytes);
absl::StatusOr<NurseryReport> ReadReport(absl::string_view bytes);

}  // namespace rpyc

#endif  // RPYC_SERVER_NURSERY_MESSAGES_H_
