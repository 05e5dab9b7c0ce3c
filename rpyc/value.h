#ifndef RPYC_VALUE_H_
#define RPYC_VALUE_H_

#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/cpp20.h"

namespace rpyc {

class Object;
class Value;

// These are Python's None, NotImplemented and Ellipsis.
struct None {
  friend bool operator==(None, None) { return true; }
};
struct NotImplemented {
  friend bool operator==(NotImplemented, NotImplemented) { return true; }
};
struct Ellipsis {
  friend bool operator==(Ellipsis, Ellipsis) { return true; }
};

// A Python bytes object. (A std::string is a Python str and holds UTF-8.)
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes& a, const Bytes& b) { return a.data == b.data; }
};

// Holds a Python int outside int64_t as canonical decimal text: optional '-', no leading zeros.
struct BigInt {
  std::string decimal;
  friend bool operator==(const BigInt& a, const BigInt& b) { return a.decimal == b.decimal; }
};

// A Python value: either data that travels by value, or a reference to an Object.
//
// Immutable; copies of tuples, slices and frozensets share their items, so copying is cheap but for
// long strings (move those). Thread-safe as any const object. An Object alternative is either
// an object of ours or a NetrefObject to one of the peer's; it is shared, never null.
class Value {
 public:
  enum class Kind {
    kNone,
    kNotImplemented,
    kEllipsis,
    kBool,
    kInt,
    kBigInt,
    kFloat,
    kComplex,
    kStr,
    kBytes,
    kTuple,
    kSlice,
    kFrozenset,
    kObject,
  };

  Value() : Value(None()) {}
  Value(None) : rep_(Singleton{Kind::kNone}) {}
  Value(NotImplemented) : rep_(Singleton{Kind::kNotImplemented}) {}
  Value(Ellipsis) : rep_(Singleton{Kind::kEllipsis}) {}
  Value(bool v) : rep_(v) {}
  Value(int v) : rep_(int64_t{v}) {}
  Value(int64_t v) : rep_(v) {}
  Value(double v) : rep_(v) {}
  Value(std::complex<double> v) : rep_(v) {}
  Value(std::string v) : rep_(std::move(v)) {}
  Value(absl::string_view v) : rep_(std::string(v)) {}
  Value(const char* v) : rep_(std::string(v)) {}
  Value(Bytes v) : rep_(std::move(v)) {}
  Value(BigInt v) : rep_(std::move(v)) {}
  Value(std::shared_ptr<Object> v) : rep_(std::move(v)) {}
  template <typename T>
  Value(T*) = delete;  // a pointer would become a bool

  // These make a tuple, a frozenset and a slice. A frozenset keeps its order, and the caller sees
  // to it that nothing is in it twice.
  static Value Tuple(std::vector<Value> items);
  static Value Frozenset(std::vector<Value> items);
  static Value Slice(Value start, Value stop, Value step);

  Kind kind() const {
    constexpr Kind kKinds[] = {Kind::kNone,  Kind::kBool,    Kind::kInt, Kind::kBigInt,
                               Kind::kFloat, Kind::kComplex, Kind::kStr, Kind::kBytes,
                               Kind::kTuple, Kind::kObject};
    if (const Singleton* singleton = std::get_if<Singleton>(&rep_)) return singleton->kind;
    if (const Container* container = std::get_if<Container>(&rep_)) return container->kind;
    return kKinds[rep_.index()];
  }
  bool is_none() const { return kind() == Kind::kNone; }

  // Each returns the alternative if the value is that, else nullptr.
  const bool* AsBool() const { return std::get_if<bool>(&rep_); }
  const int64_t* AsInt() const { return std::get_if<int64_t>(&rep_); }
  const BigInt* AsBigInt() const { return std::get_if<BigInt>(&rep_); }
  const double* AsFloat() const { return std::get_if<double>(&rep_); }
  const std::complex<double>* AsComplex() const { return std::get_if<std::complex<double>>(&rep_); }
  const std::string* AsStr() const { return std::get_if<std::string>(&rep_); }
  const Bytes* AsBytes() const { return std::get_if<Bytes>(&rep_); }
  const std::shared_ptr<Object>* AsObject() const {
    return std::get_if<std::shared_ptr<Object>>(&rep_);
  }

  // These give mutable access to a string's storage, for moving a long one out; null if the value
  // is no str or bytes.
  std::string* MutableStr() { return std::get_if<std::string>(&rep_); }
  Bytes* MutableBytes() { return std::get_if<Bytes>(&rep_); }
  // The items, for moving long strings out of them, if no other Value shares them and a str or
  // bytes of at least kLongStringBytes is among them (at any depth); else empty.
  static constexpr size_t kLongStringBytes = 16 << 10;
  absl::Span<Value> ExclusiveItems();

  bool IsTuple() const { return kind() == Kind::kTuple; }
  // Items of a tuple, a frozenset, or a slice (exactly three); empty for every other kind.
  absl::Span<const Value> items() const;

  // Returns the items, moved out where this value owns them alone, else copied. Leaves an
  // unspecified value.
  std::vector<Value> TakeItems() &&;

  // Whether this travels by value: RPyC's brine.dumpable. O(1): containers remember it.
  // Source:  RPyC core/brine.py, dumpable, 5.3.1 and 6.0.2.
  bool by_value() const;

  // The name of the value's Python type: "int", "str", "NoneType", or the object's class name.
  absl::string_view type_name() const;

  // Text as Python's repr() would give it, for messages; cut after about `max_bytes`.
  // It is not exact: unusual characters that Python takes for printable may be escaped, and the
  // other way round.
  std::string DebugString(size_t max_bytes = 200) const;

  // Structural equality of equal kinds: 1 != 1.0 != True; floats by their bits, so NaN equals
  // itself and 0.0 is not -0.0; objects by identity; frozensets as sets. Hashes agree with it.
  friend bool operator==(const Value& a, const Value& b);
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }
  template <typename H>
  friend H AbslHashValue(H state, const Value& value);

 private:
  struct Items {
    std::vector<Value> values;
    bool by_value;
    bool holds_long_string;
  };
  struct Singleton {
    Kind kind;  // None, NotImplemented or Ellipsis
  };
  struct Container {
    std::shared_ptr<const Items> items;  // null if empty
    Kind kind;                           // tuple, slice or frozenset
  };
  static std::shared_ptr<const Items> MakeItems(std::vector<Value> values);
  const std::shared_ptr<const Items>* items_rep() const;  // null if not a container
  // Hashes of a frozenset's items without repetition, in order: equal for equal sets.
  std::vector<size_t> SetHash() const;

  // At most eleven alternatives: the standard library then moves and destroys by a switch that is
  // inlined, beyond that by a call through a table, which an ordinary call makes some fifty times.
  std::variant<Singleton, bool, int64_t, BigInt, double, std::complex<double>, std::string, Bytes,
               Container, std::shared_ptr<Object>>
      rep_;
};

template <typename H>
H AbslHashValue(H state, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNone:
    case Value::Kind::kNotImplemented:
    case Value::Kind::kEllipsis:
      break;
    case Value::Kind::kBool:
      state = H::combine(std::move(state), *value.AsBool());
      break;
    case Value::Kind::kInt:
      state = H::combine(std::move(state), *value.AsInt());
      break;
    case Value::Kind::kBigInt:
      state = H::combine(std::move(state), value.AsBigInt()->decimal);
      break;
    case Value::Kind::kFloat:
      state = H::combine(std::move(state), std::bit_cast<uint64_t>(*value.AsFloat()));
      break;
    case Value::Kind::kComplex:
      state = H::combine(std::move(state), std::bit_cast<uint64_t>(value.AsComplex()->real()),
                         std::bit_cast<uint64_t>(value.AsComplex()->imag()));
      break;
    case Value::Kind::kStr:
      state = H::combine(std::move(state), *value.AsStr());
      break;
    case Value::Kind::kBytes:
      state = H::combine(std::move(state), value.AsBytes()->data);
      break;
    case Value::Kind::kTuple:
    case Value::Kind::kSlice:
      state = H::combine(std::move(state), value.items());
      break;
    case Value::Kind::kFrozenset:
      state = H::combine(std::move(state), value.SetHash());
      break;
    case Value::Kind::kObject:
      state = H::combine(std::move(state), value.AsObject()->get());
      break;
  }
  return H::combine(std::move(state), value.kind());
}

}  // namespace rpyc

#endif  // RPYC_VALUE_H_
