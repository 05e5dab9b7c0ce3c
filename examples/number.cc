#include "examples/number.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <complex>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"
#include "rpyc/netref.h"

namespace examples {
namespace {

using boost::multiprecision::cpp_int;
using rpyc::Value;
using Complex = std::complex<double>;

struct Plus {
  static constexpr char kSymbol[] = "+";
  static constexpr char kMethod[] = "__add__";
  static constexpr char kReflected[] = "__radd__";
  static bool Overflows(int64_t a, int64_t b, int64_t* result) {
    return __builtin_add_overflow(a, b, result);
  }
  template <typename T>
  static T Apply(const T& a, const T& b) {
    return a + b;
  }
};

struct Times {
  static constexpr char kSymbol[] = "*";
  static constexpr char kMethod[] = "__mul__";
  static constexpr char kReflected[] = "__rmul__";
  static bool Overflows(int64_t a, int64_t b, int64_t* result) {
    return __builtin_mul_overflow(a, b, result);
  }
  template <typename T>
  static T Apply(const T& a, const T& b) {
    return a * b;
  }
  // std::complex mends products with infinities; Python does not.
  static Complex Apply(const Complex& a, const Complex& b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
  }
};

// Ranks Python's number types; each type includes the ones before it.
enum Rank { kNoNumber, kInt, kFloat, kComplex };

Rank RankOf(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kBool:
    case Value::Kind::kInt:
    case Value::Kind::kBigInt:
      return kInt;
    case Value::Kind::kFloat:
      return kFloat;
    case Value::Kind::kComplex:
      return kComplex;
    default:
      return kNoNumber;
  }
}

cpp_int ToInt(const Value& value) {
  if (const bool* flag = value.AsBool()) return *flag ? 1 : 0;
  if (const int64_t* small = value.AsInt()) return *small;
  return cpp_int(value.AsBigInt()->decimal);
}

Value FromInt(const cpp_int& value) {
  if (value >= INT64_MIN && value <= INT64_MAX) return Value(static_cast<int64_t>(value));
  return Value(rpyc::BigInt{value.str()});
}

double ToFloat(const Value& value) {
  if (const double* real = value.AsFloat()) return *real;
  if (const bool* flag = value.AsBool()) return *flag ? 1 : 0;
  if (const int64_t* small = value.AsInt()) return static_cast<double>(*small);
  double rounded;
  if (!absl::SimpleAtod(value.AsBigInt()->decimal, &rounded) || std::isinf(rounded)) {
    throw rpyc::OverflowError("int too large to convert to float");
  }
  return rounded;
}

Complex ToComplex(const Value& value) {
  if (const Complex* complex = value.AsComplex()) return *complex;
  return ToFloat(value);
}

// Returns what the object `operand` answers, or nothing if it does not know `other`.
std::optional<Value> Ask(const rpyc::CallContext& context, const Value& operand, const char* method,
                         const Value& other) {
  if (operand.AsObject() == nullptr) return std::nullopt;
  absl::StatusOr<Value> result = rpyc::Netref(operand, context)[method](other).value();
  if (rpyc::IsPyStatus(result.status(), "AttributeError")) return std::nullopt;
  if (!result.ok()) rpyc::ThrowStatus(result.status());
  if (result->kind() == Value::Kind::kNotImplemented) return std::nullopt;
  return *std::move(result);
}

template <typename Operation>
Value Compute(const rpyc::CallContext& context, const Value& a, const Value& b) {
  if (a.AsInt() != nullptr && b.AsInt() != nullptr) {
    int64_t result;
    if (!Operation::Overflows(*a.AsInt(), *b.AsInt(), &result)) return Value(result);
  }
  if (RankOf(a) == kNoNumber || RankOf(b) == kNoNumber) {
    if (auto result = Ask(context, a, Operation::kMethod, b)) return *std::move(result);
    if (auto result = Ask(context, b, Operation::kReflected, a)) return *std::move(result);
    throw rpyc::TypeError(absl::StrCat("unsupported operand type(s) for ", Operation::kSymbol,
                                       ": '", a.type_name(), "' and '", b.type_name(), "'"));
  }
  switch (std::max(RankOf(a), RankOf(b))) {
    case kInt:
      return FromInt(Operation::Apply(ToInt(a), ToInt(b)));
    case kFloat:
      return Value(Operation::Apply(ToFloat(a), ToFloat(b)));
    default:
      return Value(Operation::Apply(ToComplex(a), ToComplex(b)));
  }
}

}  // namespace

Value Add(const rpyc::CallContext& context, const Value& a, const Value& b) {
  return Compute<Plus>(context, a, b);
}

Value Multiply(const rpyc::CallContext& context, const Value& a, const Value& b) {
  return Compute<Times>(context, a, b);
}

}  // namespace examples
