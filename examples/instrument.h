#ifndef RPYC_EXAMPLES_INSTRUMENT_H_
#define RPYC_EXAMPLES_INSTRUMENT_H_

#include "rpyc/service.h"

namespace examples {

// INSTRUMENT: a multimeter whose driver works on one thread only, the one that opened it. That is a
// thread of its own, which lives as long as the service; all connections' calls run there.
rpyc::Service Instrument();

}  // namespace examples

#endif  // RPYC_EXAMPLES_INSTRUMENT_H_
