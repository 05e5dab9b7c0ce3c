#ifndef RPYC_EXAMPLES_CHAT_H_
#define RPYC_EXAMPLES_CHAT_H_

#include "absl/time/time.h"
#include "rpyc/service.h"

namespace examples {

// Makes CHAT, which has one room. It tells what a client says to all others, by the functions that
// they joined with, and drops a client that does not answer within `patience`. chat_client.py is a
// client of it.
rpyc::Service Chat(absl::Duration patience = absl::Seconds(5));

}  // namespace examples

#endif  // RPYC_EXAMPLES_CHAT_H_
