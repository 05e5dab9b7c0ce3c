#include <algorithm>
#include <bit>
#include <charconv>
#include <complex>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "rpyc/brine.h"
#include "rpyc/brine_format.h"
#include "rpyc/utf8.h"

namespace rpyc::brine {
namespace {

// The memory that a container takes besides its items: two allocations and their headers.
constexpr size_t kContainerBytes = 112;
// std::string keeps so many bytes inside; longer text is an allocation of its own, with malloc's
// overhead.
constexpr size_t kInlineStringBytes = 15;
constexpr size_t kAllocationBytes = 16;

bool IsSmallInt(uint8_t tag) { return tag >= kTagSmallIntFirst && tag <= kTagSmallIntLast; }
bool IsTuple(uint8_t tag) {
  return tag == kTagEmptyTuple || (tag >= kTagTuple1 && tag <= kTagTupleU32);
}
bool IsBytes(uint8_t tag) {
  return tag == kTagEmptyBytes || (tag >= kTagBytes1 && tag <= kTagBytesU32);
}
bool IsContainer(uint8_t tag) { return IsTuple(tag) || tag == kTagSlice || tag == kTagFrozenset; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

uint64_t LoadBig(absl::string_view bytes) {
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

double LoadDouble(absl::string_view bytes) { return std::bit_cast<double>(LoadBig(bytes)); }

// These are not inlined: their temporaries would add to every level of the recursion, and to the
// stack that an idle connection keeps.
[[gnu::noinline]] Value MakeSlice(std::vector<Value> items) {
  return Value::Slice(std::move(items[0]), std::move(items[1]), std::move(items[2]));
}
[[gnu::noinline]] Value MakeContainer(uint8_t tag, std::vector<Value> items) {
  if (tag == kTagFrozenset) return Value::Frozenset(std::move(items));
  if (tag == kTagSlice) return MakeSlice(std::move(items));
  return Value::Tuple(std::move(items));
}
[[gnu::noinline]] void Finish(uint8_t tag, std::vector<Value> items, Value* out) {
  *out = MakeContainer(tag, std::move(items));
}

// Names the kind of value for messages.
absl::string_view KindOf(uint8_t tag) {
  if (IsSmallInt(tag) || tag == kTagIntU8 || tag == kTagIntU32) return "an int";
  if (IsTuple(tag)) return "a tuple";
  if (IsBytes(tag)) return "bytes";
  switch (tag) {
    case kTagNone:
      return "None";
    case kTagTrue:
    case kTagFalse:
      return "a bool";
    case kTagUnicode:
      return "text";
    case kTagFloat:
      return "a float";
    case kTagSlice:
      return "a slice";
    case kTagFrozenset:
      return "a frozenset";
    case kTagComplex:
      return "a complex";
    default:
      return "something else";
  }
}

}  // namespace

// --- Reader: errors and limits ---

// These are out of line and put the text together here: the recursive functions that call them
// would pay for it in stack at every level.
template <typename... Piece>
[[gnu::noinline, gnu::cold]] bool Reader::Fail(absl::StatusCode code, size_t at,
                                               const Piece&... what) {
  error_ = absl::Status(code, absl::StrCat("brine: ", what..., " (offset ", at, ")"));
  return false;
}

template <typename... Piece>
bool Reader::Malformed(size_t at, const Piece&... what) {
  return Fail(absl::StatusCode::kInvalidArgument, at, what...);
}

template <typename... Piece>
bool Reader::TooMuch(size_t at, const Piece&... what) {
  return Fail(absl::StatusCode::kResourceExhausted, at, what...);
}

bool Reader::CheckNesting(size_t at, int depth) {
  if (depth < limits_.max_nesting) return true;
  return TooMuch(at, "nesting of ", depth + 1, " or more exceeds max_nesting ",
                 limits_.max_nesting);
}

// This asks for more than is needed now, twice what there is, so that a value that grows asks
// seldom.
[[gnu::noinline, gnu::cold]] bool Reader::ChargeMore(size_t at, size_t bytes) {
  const size_t needed = granted_ - memory_left_ + bytes;
  if (needed > limits_.max_decoded_bytes) {
    error_ = OutOfMemory(absl::StrCat("brine: decoded values of ", needed,
                                      " bytes or more exceed max_decoded_bytes ",
                                      limits_.max_decoded_bytes, " (offset ", at, ")"));
    return false;
  }
  const size_t ample = std::min(limits_.max_decoded_bytes, std::max(needed, 2 * granted_));
  size_t granted = ample;
  absl::Status charged = charge_->Resize(ample);
  if (!charged.ok()) {
    granted = needed;
    charged = charge_->Resize(needed);
  }
  if (!charged.ok()) {
    error_ = OutOfMemory(
        absl::StrCat("brine: decoded values: ", charged.message(), " (offset ", at, ")"));
    return false;
  }
  granted_ = granted;
  memory_left_ = granted - needed;
  return true;
}

// --- Reader: pieces of the input ---

bool Reader::TakeTag(uint8_t* tag) {
  if (pos_ == input_.size()) return Malformed(pos_, "the input ends where a value must begin");
  *tag = static_cast<uint8_t>(input_[pos_++]);
  return true;
}

bool Reader::TakeBody(size_t at, size_t length, absl::string_view what, absl::string_view* body) {
  const size_t left = input_.size() - pos_;
  if (length > left) {
    return Malformed(at, what, " of ", length, " bytes in ", left);
  }
  *body = absl::string_view(input_.data() + pos_, length);
  pos_ += length;
  return true;
}

bool Reader::TakeLength(size_t at, int width, absl::string_view what, uint32_t* length) {
  absl::string_view body;
  if (!TakeBody(at, width, what, &body)) return false;
  *length = static_cast<uint32_t>(LoadBig(body));
  return true;
}

bool Reader::TakeBytes(size_t at, uint8_t tag, absl::string_view* body) {
  uint32_t length = 0;
  if (tag >= kTagBytes1 && tag <= kTagBytes4) {
    length = tag - kTagBytes1 + 1;
  } else if (tag == kTagBytesU8 || tag == kTagBytesU32) {
    if (!TakeLength(at, tag == kTagBytesU8 ? 1 : 4, "length", &length)) return false;
  } else if (tag != kTagEmptyBytes) {
    return Malformed(at, "expected bytes, found ", KindOf(tag));
  }
  return TakeBody(at, length, "bytes", body);
}

bool Reader::TakeText(size_t at, absl::string_view* body) {
  uint8_t tag = 0;
  if (!TakeTag(&tag) || !TakeBytes(at, tag, body)) return false;
  const size_t valid = ValidUtf8Prefix(*body);
  if (valid == body->size()) return true;
  return Malformed(at, "text is not UTF-8 at its byte ", valid);
}

bool Reader::TakeIntText(size_t at, uint8_t tag, absl::string_view* text) {
  uint32_t length = 0;
  if (!TakeLength(at, tag == kTagIntU8 ? 1 : 4, "length", &length)) return false;
  if (!TakeBody(at, length, "int", text)) return false;
  const bool sign = length > 0 && (text->front() == '-' || text->front() == '+');
  const size_t digits = length - (sign ? 1 : 0);
  if (digits == 0) return Malformed(at, "int without digits");
  if (digits > static_cast<size_t>(limits_.max_int_digits)) {
    return TooMuch(at, "int of ", digits, " digits exceeds max_int_digits ",
                   limits_.max_int_digits);
  }
  if (std::all_of(text->end() - digits, text->end(), IsDigit)) return true;
  return Malformed(at, "int text is not decimal");
}

// An item is at least one byte, so a count beyond the bytes left is a lie, found before anything is
// allocated for it.
bool Reader::TakeCount(size_t at, uint8_t tag, uint32_t* count) {
  *count = 0;
  if (tag >= kTagTuple1 && tag <= kTagTuple4) {
    *count = tag - kTagTuple1 + 1;
  } else if (tag == kTagTupleU8 || tag == kTagTupleU32) {
    if (!TakeLength(at, tag == kTagTupleU8 ? 1 : 4, "count", count)) return false;
  } else if (tag != kTagEmptyTuple) {
    return Malformed(at, "expected a tuple, found ", KindOf(tag));
  }
  const size_t left = input_.size() - pos_;
  if (*count <= left) return true;
  return Malformed(at, "tuple of ", *count, " items in ", left, " bytes");
}

// Reads the head of a tuple, slice or frozenset, whose items follow. RPyC takes any iterable inside
// the latter two; its own writer always puts a tuple.
bool Reader::TakeContainer(size_t at, uint8_t tag, uint32_t* count) {
  if (IsTuple(tag)) return TakeCount(at, tag, count);
  uint8_t inner = 0;
  if (!TakeTag(&inner) || !TakeCount(at, inner, count)) return false;
  if (tag != kTagSlice || *count == 3) return true;
  return Malformed(at, "slice of ", *count, " items instead of 3");
}

// --- Reader: whole values ---

bool Reader::Read(int depth, Value* out) {
  const size_t at = pos_;
  uint8_t tag = 0;
  if (!TakeTag(&tag)) return false;
  if (IsSmallInt(tag)) {
    *out = int64_t{tag} - kTagSmallIntZero;
    return true;
  }
  return IsContainer(tag) ? ReadContainer(at, tag, depth, out) : ReadScalar(at, tag, out);
}

bool Reader::ReadContainer(size_t at, uint8_t tag, int depth, Value* out) {
  if (!CheckNesting(at, depth)) return false;
  if (tag == kTagFrozenset && PeekTag() == kTagFrozenset) return Read(depth + 1, out);
  uint32_t count = 0;
  if (!TakeContainer(at, tag, &count)) return false;
  std::vector<Value> items;
  if (count > 0) {
    if (!Charge(at, kContainerBytes + count * sizeof(Value))) return false;
    items.reserve(count);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (!Read(depth + 1, &items.emplace_back())) return false;
  }
  Finish(tag, std::move(items), out);
  return true;
}

bool Reader::ReadScalar(size_t at, uint8_t tag, Value* out) {
  absl::string_view body;
  switch (tag) {
    case kTagNone:
      *out = None();
      return true;
    case kTagTrue:
    case kTagFalse:
      *out = tag == kTagTrue;
      return true;
    case kTagNotImplemented:
      *out = NotImplemented();
      return true;
    case kTagEllipsis:
      *out = Ellipsis();
      return true;
    case kTagUnicode:
      if (!TakeText(at, &body)) return false;
      if (body.size() > kInlineStringBytes && !Charge(at, body.size() + kAllocationBytes)) {
        return false;
      }
      *out = body;
      return true;
    case kTagIntU8:
    case kTagIntU32:
      return ReadIntText(at, tag, out);
    case kTagFloat:
      if (!TakeBody(at, 8, "float", &body)) return false;
      *out = LoadDouble(body);
      return true;
    case kTagComplex:
      if (!TakeBody(at, 16, "complex", &body)) return false;
      *out = std::complex<double>(LoadDouble(body.substr(0, 8)), LoadDouble(body.substr(8)));
      return true;
    default:
      if (!IsBytes(tag)) return Malformed(at, "unknown tag 0x", absl::Hex(tag));
      if (!TakeBytes(at, tag, &body)) return false;
      if (body.size() > kInlineStringBytes && !Charge(at, body.size() + kAllocationBytes)) {
        return false;
      }
      *out = Bytes{std::string(body)};
      return true;
  }
}

bool Reader::ReadIntText(size_t at, uint8_t tag, Value* out) {
  absl::string_view digits;
  if (!TakeIntText(at, tag, &digits)) return false;
  const bool negative = digits.front() == '-';
  if (negative || digits.front() == '+') digits.remove_prefix(1);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));

  if (digits.size() <= std::numeric_limits<int64_t>::digits10 + 1) {
    uint64_t magnitude = 0;  // 19 digits always fit
    for (char c : digits) magnitude = magnitude * 10 + (c - '0');
    const uint64_t limit = uint64_t{std::numeric_limits<int64_t>::max()} + (negative ? 1 : 0);
    if (magnitude <= limit) {
      *out = static_cast<int64_t>(negative ? -magnitude : magnitude);
      return true;
    }
  }
  if (!Charge(at, digits.size() + kAllocationBytes)) return false;
  *out = BigInt{absl::StrCat(negative ? "-" : "", digits)};
  return true;
}

bool Reader::Skip(int depth) {
  const size_t at = pos_;
  uint8_t tag = 0;
  absl::string_view body;
  if (!TakeTag(&tag)) return false;
  if (IsSmallInt(tag)) return true;
  if (IsContainer(tag)) return SkipContainer(at, tag, depth);
  switch (tag) {
    case kTagNone:
    case kTagTrue:
    case kTagFalse:
    case kTagNotImplemented:
    case kTagEllipsis:
      return true;
    case kTagUnicode:
      return TakeText(at, &body);
    case kTagIntU8:
    case kTagIntU32:
      return TakeIntText(at, tag, &body);
    case kTagFloat:
      return TakeBody(at, 8, "float", &body);
    case kTagComplex:
      return TakeBody(at, 16, "complex", &body);
    default:
      if (IsBytes(tag)) return TakeBytes(at, tag, &body);
      return Malformed(at, "unknown tag 0x", absl::Hex(tag));
  }
}

bool Reader::SkipContainer(size_t at, uint8_t tag, int depth) {
  if (!CheckNesting(at, depth)) return false;
  if (tag == kTagFrozenset && PeekTag() == kTagFrozenset) return Skip(depth + 1);
  uint32_t count = 0;
  if (!TakeContainer(at, tag, &count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (!Skip(depth + 1)) return false;
  }
  return true;
}

// --- Reader: what callers see ---

absl::StatusOr<Value> Reader::ReadValue() {
  Value value;
  if (!Read(0, &value)) return std::move(error_);
  return value;
}

absl::StatusOr<absl::string_view> Reader::SkipValue() {
  const size_t at = pos_;
  if (!Skip(0)) return std::move(error_);
  return input_.substr(at, pos_ - at);
}

bool Reader::AtTuple() const {
  return pos_ < input_.size() && IsTuple(static_cast<uint8_t>(input_[pos_]));
}

bool Reader::AtSmallInt() const {
  return pos_ < input_.size() && IsSmallInt(static_cast<uint8_t>(input_[pos_]));
}

absl::StatusOr<uint32_t> Reader::ReadTupleHeader() {
  const size_t at = pos_;
  uint8_t tag = 0;
  uint32_t count = 0;
  if (!TakeTag(&tag) || !TakeCount(at, tag, &count) || !Charge(at, count * sizeof(Value))) {
    return std::move(error_);
  }
  return count;
}

absl::StatusOr<int64_t> Reader::ReadInt() {
  const size_t at = pos_;
  uint8_t tag = 0;
  if (!TakeTag(&tag)) return std::move(error_);
  if (IsSmallInt(tag)) return int64_t{tag} - kTagSmallIntZero;
  if (tag != kTagIntU8 && tag != kTagIntU32) {
    Malformed(at, "expected an int, found ", KindOf(tag));
    return std::move(error_);
  }
  Value value;
  if (!ReadIntText(at, tag, &value)) return std::move(error_);
  if (const int64_t* small = value.AsInt()) return *small;
  Malformed(at, "int of ", value.AsBigInt()->decimal.size(), " digits is too big");
  return std::move(error_);
}

absl::StatusOr<absl::string_view> Reader::ReadStr() {
  const size_t at = pos_;
  uint8_t tag = 0;
  absl::string_view body;
  if (!TakeTag(&tag)) return std::move(error_);
  if (tag != kTagUnicode) {
    Malformed(at, "expected text, found ", KindOf(tag));
    return std::move(error_);
  }
  if (!TakeText(at, &body)) return std::move(error_);
  return body;
}

absl::StatusOr<uint8_t> Reader::ReadRawByte() {
  uint8_t byte = 0;
  if (!TakeTag(&byte)) return std::move(error_);
  return byte;
}

absl::StatusOr<Value> Decode(absl::string_view input, const Limits& limits) {
  return Reader(input, limits).ReadValue();
}

}  // namespace rpyc::brine
