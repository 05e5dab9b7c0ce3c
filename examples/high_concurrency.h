#ifndef RPYC_EXAMPLES_HIGH_CONCURRENCY_H_
#define RPYC_EXAMPLES_HIGH_CONCURRENCY_H_

#include "rpyc/service.h"

namespace examples {

// Makes HIGHCONCURRENCY: io_operation(data) waits before it answers.
rpyc::Service HighConcurrency();

}  // namespace examples

#endif  // RPYC_EXAMPLES_HIGH_CONCURRENCY_H_
