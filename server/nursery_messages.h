#ifndef RPYC_SERVER_NURSERY_MESSAGES_H_
#define RPYC_SERVER_NURSERY_MESSAGES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// What a server tells its nursery, and hears of it: messages of one program's processes among
// themselves (rpyc/transport/fd_message.h), of one machine and one build.
// Wire:  the numbers in order, as memory has them, then the text.

struct NurseryOrder {
  enum Kind : uint32_t {
    kServe,         // the connection whose descriptor comes along; `text` is its peer
    kCertificates,  // later connections are shown those of the file that comes along (EncodePem)
    kKill,          // the process of connection `number`
  };
  Kind kind = kServe;
  uint32_t slot = 0;    // of kServe: where its process finds its ProcessSlot
  uint64_t number = 0;  // of kServe: how it is called in the report and in kKill
  uint32_t tcp = 0;     // of kServe: Socket::tcp
  std::string text = "";
};

struct NurseryReport {
  enum Kind : uint32_t {
    kReady,      // it can serve; `number` is its pid
    kFailed,     // it cannot, `text` says why; it ends
    kEnded,      // the process of connection `number` has ended: `wait_status`, as waitpid says
    kNotForked,  // that connection has got no process, `text` says why
    kError,      // something is wrong, `text` says what; it goes on
  };
  Kind kind = kReady;
  int32_t wait_status = 0;
  uint64_t number = 0;
  std::string text = "";
};

std::string WriteOrder(const NurseryOrder& order);
std::string WriteReport(const NurseryReport& report);
// Errors:  kInvalidArgument - the bytes are none.
absl::StatusOr<NurseryOrder> ReadOrder(absl::string_view bytes);
absl::StatusOr<NurseryReport> ReadReport(absl::string_view bytes);

}  // namespace rpyc

#endif  // RPYC_SERVER_NURSERY_MESSAGES_H_
