#include "rpyc/cast/scalar.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

absl::Status OutOfRange(const Value& value) {
  return PyStatus("OverflowError",
                  absl::StrCat("int out of range for the C++ type: ", value.DebugString()));
}

}  // namespace

absl::StatusOr<None> Cast<None>::From(Value& value) {
  if (!value.is_none()) return WrongType("None", value);
  return None();
}

absl::StatusOr<bool> Cast<bool>::From(const CallContext& context, Value& value) {
  if (const bool* b = value.AsBool()) return *b;
  absl::StatusOr<Value> asked = cast_internal::AskBool(context, value);
  if (!asked.ok()) return std::move(asked).status();
  return *asked->AsBool();
}

absl::StatusOr<int64_t> IntFrom(const CallContext& context, const Value& value, int64_t min,
                                int64_t max) {
  if (const int64_t* i = value.AsInt()) {
    if (*i < min || *i > max) return OutOfRange(value);
    return *i;
  }
  if (const bool* b = value.AsBool()) return *b ? 1 : 0;
  if (value.AsBigInt() != nullptr) return OutOfRange(value);
  if (value.AsObject() == nullptr) return WrongType("int", value);
  const absl::StatusOr<Value> asked = cast_internal::AskInt(context, value);
  if (!asked.ok()) return asked.status();
  return IntFrom(context, *asked, min, max);
}

absl::StatusOr<uint64_t> UintFrom(const CallContext& context, const Value& value, uint64_t max) {
  if (const BigInt* big = value.AsBigInt()) {
    uint64_t wide;
    if (!absl::SimpleAtoi(big->decimal, &wide) || wide > max) return OutOfRange(value);
    return wide;
  }
  if (value.AsObject() != nullptr) {
    const absl::StatusOr<Value> asked = cast_internal::AskInt(context, value);
    if (!asked.ok()) return asked.status();
    return UintFrom(context, *asked, max);
  }
  absl::StatusOr<int64_t> i = IntFrom(context, value, 0, std::numeric_limits<int64_t>::max());
  if (!i.ok()) return std::move(i).status();
  if (static_cast<uint64_t>(*i) > max) return OutOfRange(value);
  return static_cast<uint64_t>(*i);
}

Value UintTo(uint64_t value) {
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return Value(static_cast<int64_t>(value));
  }
  return Value(BigInt{absl::StrCat(value)});
}

absl::StatusOr<double> Cast<double>::From(const CallContext& context, Value& value) {
  if (const double* d = value.AsFloat()) return *d;
  if (const int64_t* i = value.AsInt()) return static_cast<double>(*i);
  if (const bool* b = value.AsBool()) return *b ? 1.0 : 0.0;
  if (const BigInt* big = value.AsBigInt()) {
    double d;
    if (!absl::SimpleAtod(big->decimal, &d) || d - d != 0) {
      return PyStatus("OverflowError", "int too large to convert to float");
    }
    return d;
  }
  if (value.AsObject() == nullptr) return WrongType("float", value);
  absl::StatusOr<Value> asked = cast_internal::AskFloat(context, value);
  if (!asked.ok()) return std::move(asked).status();
  return From(context, *asked);
}

absl::StatusOr<float> Cast<float>::From(const CallContext& context, Value& value) {
  absl::StatusOr<double> wide = Cast<double>::From(context, value);
  if (!wide.ok()) return std::move(wide).status();
  return static_cast<float>(*wide);
}

absl::StatusOr<std::complex<double>> Cast<std::complex<double>>::From(const CallContext& context,
                                                                      Value& value) {
  if (const std::complex<double>* c = value.AsComplex()) return *c;
  if (value.AsObject() != nullptr) {
    absl::StatusOr<Value> asked = cast_internal::AskComplex(context, value);
    if (!asked.ok()) return std::move(asked).status();
    return From(context, *asked);
  }
  absl::StatusOr<double> real = Cast<double>::From(context, value);
  if (!real.ok())
    return IsPyStatus(real.status()) && absl::IsOutOfRange(real.status())
               ? real.status()
               : WrongType("complex", value);
  return std::complex<double>(*real, 0);
}

}  // namespace rpyc
