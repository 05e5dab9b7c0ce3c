#ifndef RPYC_EXAMPLES_COMPUTE_H_
#define RPYC_EXAMPLES_COMPUTE_H_

#include "rpyc/service.h"

namespace examples {

// Makes COMPUTE: heavy_computation(data) adds up the numbers in any iterable, the caller's too.
rpyc::Service Compute();

}  // namespace examples

#endif  // RPYC_EXAMPLES_COMPUTE_H_
