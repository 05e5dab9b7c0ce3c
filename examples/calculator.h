#ifndef RPYC_EXAMPLES_CALCULATOR_H_
#define RPYC_EXAMPLES_CALCULATOR_H_

#include "rpyc/service.h"

namespace examples {

// Makes CALCULATOR: add(a, b) and multiply(a, b) compute with Python numbers.
rpyc::Service Calculator();

}  // namespace examples

#endif  // RPYC_EXAMPLES_CALCULATOR_H_
