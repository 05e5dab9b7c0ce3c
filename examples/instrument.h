#ifndef RPYC_EXAMPLES_INSTRUMENT_H_
#define RPYC_EXAMPLES_INSTRUMENT_H_

#include "rpyc/service.h"

namespace examples {

// Makes INSTRUMENT: a multimeter whose driver works only on the thread that opened it. The service
// has such a thread, which lives as long as it does and runs the calls of all connections.
rpyc::Service Instrument();

}  // namespace examples

#endif  // RPYC_EXAMPLES_INSTRUMENT_H_
