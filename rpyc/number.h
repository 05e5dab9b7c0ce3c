#ifndef RPYC_NUMBER_H_
#define RPYC_NUMBER_H_

#include <compare>

#include "rpyc/value.h"

namespace rpyc {

// Whether `value` is a bool, an int or a float.
bool IsRealNumber(const Value& value);

// Compares two of those as Python does: by their exact values, whatever their types.
std::partial_ordering CompareNumbers(const Value& a, const Value& b);

// Returns the same value in the one form that structural equality needs: True and 1.0 become 1,
// also inside tuples and frozensets. NaN stays itself.
Value Canonical(const Value& value);

}  // namespace rpyc

#endif  // RPYC_NUMBER_H_
