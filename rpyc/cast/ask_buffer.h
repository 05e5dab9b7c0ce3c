#ifndef RPYC_CAST_ASK_BUFFER_H_
#define RPYC_CAST_ASK_BUFFER_H_

#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

// These functions read the memory of numbers that Python holds: bytes, a bytearray, a memoryview,
// an array.array, an array of numpy. That takes one to three requests, however many numbers there
// are.
namespace rpyc::cast_internal {

// This is the type of the numbers in such memory, in this machine's byte order.
struct ElementType {
  char kind;    // numpy's dtype.kind: 'i', 'u', 'f', 'c'
  size_t size;  // in bytes

  std::string Dtype() const;  // numpy's dtype.str, such as "<f8"
  std::string Name() const;   // numpy's name, such as "float64"
};

// Says whether numbers of type T can be in a buffer. A bool cannot: a byte that is neither 0 nor 1
// would be no bool.
template <typename T>
inline constexpr bool kIsElement = (std::is_arithmetic_v<T> && !std::is_same_v<T, bool> &&
                                    sizeof(T) <= 8) ||
                                   std::is_same_v<T, std::byte>;
template <typename T>
inline constexpr bool kIsElement<std::complex<T>> = std::is_floating_point_v<T> && sizeof(T) <= 8;

template <typename T>
constexpr ElementType ElementTypeOf() {
  if constexpr (std::is_same_v<T, std::byte> || std::is_same_v<T, char>) {
    return {'u', 1};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {'f', sizeof(T)};
  } else if constexpr (std::is_integral_v<T>) {
    return {std::is_signed_v<T> ? 'i' : 'u', sizeof(T)};
  } else {
    return {'c', sizeof(T)};
  }
}

// Returns the memory of `value` as numbers of type `element`. An array of numpy of another type is
// converted where that loses nothing; other memory must be of that type or of plain bytes.
// Errors:  a PyStatus: TypeError - it is no such memory, it is of another type, or its owner's
//          settings do not allow asking; ValueError - it is no whole number of elements; what
//          asking raises.
absl::StatusOr<std::string> BufferFrom(const CallContext& context, Value& value,
                                       ElementType element);

// Returns the length of each dimension of an array of numpy.
// Errors:  those of BufferFrom.
absl::StatusOr<std::vector<size_t>> AskShape(const CallContext& context, const Value& array,
                                             ElementType element);

// Returns the number of elements of an array of that shape.
// Errors:  ValueError - it does not fit a size_t.
absl::StatusOr<size_t> CountOf(const std::vector<size_t>& shape);

}  // namespace rpyc::cast_internal

#endif  // RPYC_CAST_ASK_BUFFER_H_
