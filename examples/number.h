#ifndef RPYC_EXAMPLES_NUMBER_H_
#define RPYC_EXAMPLES_NUMBER_H_

#include "rpyc/value.h"

namespace examples {

// a + b and a * b for Python numbers, as Python has them: ints of any size, floats, complex; a bool
// is an int. Throws rpyc::TypeError for anything else, rpyc::OverflowError when an int is too large
// to meet a float.
rpyc::Value Add(const rpyc::Value& a, const rpyc::Value& b);
rpyc::Value Multiply(const rpyc::Value& a, const rpyc::Value& b);

}  // namespace examples

#endif  // RPYC_EXAMPLES_NUMBER_H_
