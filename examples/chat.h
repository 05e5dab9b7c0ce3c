#ifndef RPYC_EXAMPLES_CHAT_H_
#define RPYC_EXAMPLES_CHAT_H_

#include "absl/time/time.h"
#include "rpyc/service.h"

namespace examples {

// CHAT: one room. What a client says is told to all others by the functions that they joined with;
// who does not answer within `patience` is dropped. chat_client.py is a client of it.
rpyc::Service Chat(absl::Duration patience = absl::Seconds(5));

}  // namespace examples

#endif  // RPYC_EXAMPLES_CHAT_H_
