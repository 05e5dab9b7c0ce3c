#ifndef RPYC_EXAMPLES_NUMBER_H_
#define RPYC_EXAMPLES_NUMBER_H_

#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace examples {

// a + b and a * b for Python numbers, as Python has them: ints of any size, floats, complex; a bool
// is an int. What came as an object, such as a number of numpy or a Decimal, computes for itself,
// as in Python: by __add__, then by the other operand's __radd__. Throws rpyc::TypeError for
// anything else, rpyc::OverflowError when an int is too large to meet a float, what an object
// raises.
rpyc::Value Add(const rpyc::CallContext& context, const rpyc::Value& a, const rpyc::Value& b);
rpyc::Value Multiply(const rpyc::CallContext& context, const rpyc::Value& a, const rpyc::Value& b);

}  // namespace examples

#endif  // RPYC_EXAMPLES_NUMBER_H_
