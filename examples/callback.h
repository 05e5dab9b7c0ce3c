#ifndef RPYC_EXAMPLES_CALLBACK_H_
#define RPYC_EXAMPLES_CALLBACK_H_

#include "rpyc/service.h"

namespace examples {

// Makes CALLBACK: call(f, *args) and map(f, items) call what the client passes. callbacks_client.py
// is a client of it.
rpyc::Service Callback();

}  // namespace examples

#endif  // RPYC_EXAMPLES_CALLBACK_H_
