#ifndef RPYC_EXAMPLES_CALCULATOR_H_
#define RPYC_EXAMPLES_CALCULATOR_H_

#include "rpyc/service.h"

namespace examples {

// CALCULATOR: add(a, b) and multiply(a, b) on Python numbers.
rpyc::Service Calculator();

}  // namespace examples

#endif  // RPYC_EXAMPLES_CALCULATOR_H_
