#ifndef RPYC_EXAMPLES_NUMBER_H_
#define RPYC_EXAMPLES_NUMBER_H_

#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace examples {

// These compute a + b and a * b for Python numbers as Python does: with ints of any size, floats
// and complex numbers; a bool is an int. A number that came as an object, such as numpy's or a
// Decimal, computes itself, as in Python: by __add__, then by the other operand's __radd__. They
// throw rpyc::TypeError for anything else, rpyc::OverflowError when an int is too large to meet a
// float, and what an object raises.
rpyc::Value Add(const rpyc::CallContext& context, const rpyc::Value& a, const rpyc::Value& b);
rpyc::Value Multiply(const rpyc::CallContext& context, const rpyc::Value& a, const rpyc::Value& b);

}  // namespace examples

#endif  // RPYC_EXAMPLES_NUMBER_H_
