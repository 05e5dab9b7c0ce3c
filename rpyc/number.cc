#include "rpyc/number.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace rpyc {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

// The result is exact for a whole number of any size.
std::string DecimalOf(double whole) {
  char buffer[400];
  const int length = std::snprintf(buffer, sizeof(buffer), "%.0f", whole);
  return std::string(buffer, static_cast<size_t>(length));
}

bool IsNegative(const std::string& decimal) { return decimal[0] == '-'; }

std::strong_ordering CompareDecimals(const std::string& a, const std::string& b) {
  if (IsNegative(a) != IsNegative(b)) {
    return IsNegative(a) ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  std::strong_ordering sizes = a.size() <=> b.size();
  if (sizes == 0) sizes = a.compare(b) <=> 0;
  return IsNegative(a) ? 0 <=> sizes : sizes;
}

std::partial_ordering Compare(int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= kTwoTo63) return std::partial_ordering::less;
  if (b < -kTwoTo63) return std::partial_ordering::greater;
  const double whole = std::floor(b);
  const std::strong_ordering order = a <=> static_cast<int64_t>(whole);
  return order == 0 && b > whole ? std::partial_ordering::less : order;
}

std::partial_ordering Compare(const BigInt& a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (std::fabs(b) < kTwoTo63 || std::isinf(b)) {
    const bool less = std::isinf(b) ? b > 0 : IsNegative(a.decimal);
    return less ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  return CompareDecimals(a.decimal, DecimalOf(b));
}

std::partial_ordering Compare(int64_t, const BigInt& b) {
  return IsNegative(b.decimal) ? std::partial_ordering::greater : std::partial_ordering::less;
}

const int64_t* IntOf(const Value& value, int64_t* storage) {
  const bool* b = value.AsBool();
  if (b == nullptr) return value.AsInt();
  *storage = *b ? 1 : 0;
  return storage;
}

Value CanonicalFloat(double d) {
  if (std::isnan(d) || std::isinf(d) || std::floor(d) != d) return Value(d);
  if (d >= -kTwoTo63 && d < kTwoTo63) return Value(static_cast<int64_t>(d));
  return Value(BigInt{DecimalOf(d)});
}

std::vector<Value> CanonicalItems(const Value& value) {
  std::vector<Value> items;
  items.reserve(value.items().size());
  for (const Value& item : value.items()) items.push_back(Canonical(item));
  return items;
}

}  // namespace

bool IsRealNumber(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kBool:
    case Value::Kind::kInt:
    case Value::Kind::kBigInt:
    case Value::Kind::kFloat:
      return true;
    default:
      return false;
  }
}

std::partial_ordering CompareNumbers(const Value& a, const Value& b) {
  int64_t storage[2];
  const int64_t* const int_a = IntOf(a, &storage[0]);
  const int64_t* const int_b = IntOf(b, &storage[1]);
  if (int_a != nullptr) {
    if (int_b != nullptr) return *int_a <=> *int_b;
    return b.AsFloat() ? Compare(*int_a, *b.AsFloat()) : Compare(*int_a, *b.AsBigInt());
  }
  if (const BigInt* big = a.AsBigInt()) {
    if (int_b != nullptr) return 0 <=> Compare(*int_b, *big);
    return b.AsFloat() ? Compare(*big, *b.AsFloat())
                       : CompareDecimals(big->decimal, b.AsBigInt()->decimal);
  }
  if (b.AsFloat() != nullptr) return *a.AsFloat() <=> *b.AsFloat();
  return 0 <=> (int_b ? Compare(*int_b, *a.AsFloat()) : Compare(*b.AsBigInt(), *a.AsFloat()));
}

Value Canonical(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kBool:
      return Value(int64_t{*value.AsBool()});
    case Value::Kind::kFloat:
      return CanonicalFloat(*value.AsFloat());
    case Value::Kind::kComplex: {
      const std::complex<double>& c = *value.AsComplex();
      if (c.imag() == 0) return CanonicalFloat(c.real());
      return Value(std::complex<double>(c.real() + 0.0, c.imag()));  // -0.0 becomes 0.0
    }
    case Value::Kind::kTuple:
      return Value::Tuple(CanonicalItems(value));
    case Value::Kind::kFrozenset:
      return Value::Frozenset(CanonicalItems(value));
    default:
      return value;
  }
}

}  // namespace rpyc
