#include <algorithm>
#include <bit>
#include <charconv>
#include <complex>
#include <limits>

#include "absl/strings/str_cat.h"
#include "rpyc/brine.h"
#include "rpyc/brine_format.h"
#include "rpyc/utf8.h"

namespace rpyc::brine {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Encoder {
 public:
  Encoder(const Limits& limits, OutBuffer* out) : limits_(limits), out_(*out) {}

  // `exclusive` is `value` itself if its long strings may be moved out, else null.
  bool Write(const Value& value, Value* exclusive, int depth);
  absl::Status TakeError() { return std::move(error_); }

 private:
  bool WriteItems(const Value& value, Value* exclusive, int depth);
  bool WriteText(const std::string& text, std::string* exclusive);
  bool WriteBytes(const std::string& bytes, std::string* exclusive);
  bool WriteBigInt(const std::string& decimal);
  void WriteDouble(double value) { out_.AppendU64(std::bit_cast<uint64_t>(value)); }
  bool WriteTag(Tag tag) {
    out_.AppendByte(tag);
    return true;
  }
  // This is out of line to keep the stack of the recursive functions small.
  template <typename... Piece>
  [[gnu::noinline, gnu::cold]] bool Fail(absl::StatusCode code, const Piece&... what) {
    error_ = absl::Status(code, absl::StrCat("brine: ", what...));
    return false;
  }
  template <typename... Piece>
  bool TooMuch(const Piece&... what) {
    return Fail(absl::StatusCode::kResourceExhausted, what...);
  }
  template <typename... Piece>
  bool Unfit(const Piece&... what) {
    return Fail(absl::StatusCode::kInvalidArgument, what...);
  }

  const Limits& limits_;
  OutBuffer& out_;
  absl::Status error_;
};

void AppendBytesHeader(uint32_t size, OutBuffer* out) {
  if (size == 0) {
    out->AppendByte(kTagEmptyBytes);
  } else if (size <= 4) {
    out->AppendByte(kTagBytes1 + size - 1);
  } else if (size <= 255) {
    out->AppendByte(kTagBytesU8);
    out->AppendByte(size);
  } else {
    out->AppendByte(kTagBytesU32);
    out->AppendU32(size);
  }
}

void AppendIntText(absl::string_view text, OutBuffer* out) {
  if (text.size() <= 255) {
    out->AppendByte(kTagIntU8);
    out->AppendByte(text.size());
  } else {
    out->AppendByte(kTagIntU32);
    out->AppendU32(text.size());
  }
  out->Append(text);
}

constexpr size_t kMaxLength = std::numeric_limits<uint32_t>::max();

bool Encoder::WriteBytes(const std::string& bytes, std::string* exclusive) {
  static_assert(OutBuffer::kMoveThresholdBytes == Value::kLongStringBytes);
  if (bytes.size() > kMaxLength) {
    return TooMuch("string of ", bytes.size(), " bytes exceeds ", kMaxLength);
  }
  AppendBytesHeader(bytes.size(), &out_);
  if (exclusive != nullptr && bytes.size() >= OutBuffer::kMoveThresholdBytes) {
    out_.AppendOwned(std::move(*exclusive));
  } else {
    out_.Append(bytes);
  }
  return true;
}

bool Encoder::WriteText(const std::string& text, std::string* exclusive) {
  const size_t valid = ValidUtf8Prefix(text);
  if (valid != text.size()) {
    return Unfit("text is not UTF-8 at its byte ", valid);
  }
  out_.AppendByte(kTagUnicode);
  return WriteBytes(text, exclusive);
}

bool Encoder::WriteBigInt(const std::string& decimal) {
  const size_t digits = decimal.size() - (decimal.starts_with('-') ? 1 : 0);
  if (digits == 0 || !std::all_of(decimal.end() - digits, decimal.end(), IsDigit)) {
    return Unfit("BigInt is not decimal");
  }
  if (digits > static_cast<size_t>(limits_.max_int_digits)) {
    return TooMuch("int of ", digits, " digits exceeds max_int_digits ", limits_.max_int_digits);
  }
  AppendIntText(decimal, &out_);
  return true;
}

bool Encoder::WriteItems(const Value& value, Value* exclusive, int depth) {
  const absl::Span<const Value> items = value.items();
  if (items.size() > kMaxLength) {
    return TooMuch("tuple of ", items.size(), " items exceeds ", kMaxLength);
  }
  if (depth >= limits_.max_nesting) {
    return TooMuch("nesting exceeds max_nesting ", limits_.max_nesting);
  }
  AppendTupleHeader(items.size(), &out_);
  const absl::Span<Value> ours =
      exclusive != nullptr ? exclusive->ExclusiveItems() : absl::Span<Value>();
  for (size_t i = 0; i < items.size(); ++i) {
    if (!Write(items[i], ours.empty() ? nullptr : &ours[i], depth + 1)) return false;
  }
  return true;
}

bool Encoder::Write(const Value& value, Value* exclusive, int depth) {
  switch (value.kind()) {
    case Value::Kind::kNone:
      return WriteTag(kTagNone);
    case Value::Kind::kNotImplemented:
      return WriteTag(kTagNotImplemented);
    case Value::Kind::kEllipsis:
      return WriteTag(kTagEllipsis);
    case Value::Kind::kBool:
      return WriteTag(*value.AsBool() ? kTagTrue : kTagFalse);
    case Value::Kind::kInt:
      AppendInt(*value.AsInt(), &out_);
      return true;
    case Value::Kind::kBigInt:
      return WriteBigInt(value.AsBigInt()->decimal);
    case Value::Kind::kFloat:
      WriteTag(kTagFloat);
      WriteDouble(*value.AsFloat());
      return true;
    case Value::Kind::kComplex:
      WriteTag(kTagComplex);
      WriteDouble(value.AsComplex()->real());
      WriteDouble(value.AsComplex()->imag());
      return true;
    case Value::Kind::kStr:
      return WriteText(*value.AsStr(), exclusive ? exclusive->MutableStr() : nullptr);
    case Value::Kind::kBytes:
      return WriteBytes(value.AsBytes()->data,
                        exclusive ? &exclusive->MutableBytes()->data : nullptr);
    case Value::Kind::kTuple:
      return WriteItems(value, exclusive, depth);
    case Value::Kind::kSlice:
      WriteTag(kTagSlice);
      return WriteItems(value, exclusive, depth);
    case Value::Kind::kFrozenset:
      WriteTag(kTagFrozenset);
      return WriteItems(value, exclusive, depth);
    case Value::Kind::kObject:
      return Unfit("a ", value.type_name(), " object does not travel by value");
  }
  return false;
}

absl::Status EncodeInto(const Value& value, Value* exclusive, const Limits& limits,
                        OutBuffer* out) {
  const size_t start = out->size();
  Encoder encoder(limits, out);
  if (encoder.Write(value, exclusive, 0)) return absl::OkStatus();
  out->Truncate(start);
  return encoder.TakeError();
}

}  // namespace

absl::Status Encode(Value value, const Limits& limits, OutBuffer* out) {
  return EncodeInto(value, &value, limits, out);
}

absl::StatusOr<std::string> EncodeToString(const Value& value, const Limits& limits) {
  OutBuffer out;
  if (absl::Status status = EncodeInto(value, nullptr, limits, &out); !status.ok()) return status;
  return out.ToString();
}

void AppendInt(int64_t value, OutBuffer* out) {
  if (value >= kSmallIntMin && value <= kSmallIntMax) {
    out->AppendByte(kTagSmallIntZero + value);
    return;
  }
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value);
  AppendIntText(absl::string_view(text, end.ptr - text), out);
}

void AppendStr(absl::string_view utf8, OutBuffer* out) {
  out->AppendByte(kTagUnicode);
  AppendBytesHeader(utf8.size(), out);
  out->Append(utf8);
}

void AppendTupleHeader(uint32_t count, OutBuffer* out) {
  if (count == 0) {
    out->AppendByte(kTagEmptyTuple);
  } else if (count <= 4) {
    out->AppendByte(kTagTuple1 + count - 1);
  } else if (count <= 255) {
    out->AppendByte(kTagTupleU8);
    out->AppendByte(count);
  } else {
    out->AppendByte(kTagTupleU32);
    out->AppendU32(count);
  }
}

}  // namespace rpyc::brine
