#include "rpyc/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/hash/hash.h"
#include "rpyc/hash_map.h"
#include "rpyc/object.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

bool IsLongString(const Value& value) {
  if (const std::string* text = value.AsStr()) return text->size() >= Value::kLongStringBytes;
  if (const Bytes* bytes = value.AsBytes()) return bytes->data.size() >= Value::kLongStringBytes;
  return false;
}

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool SameItems(absl::Span<const Value> a, absl::Span<const Value> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

struct PointeeHash {
  size_t operator()(const Value* v) const { return absl::HashOf(*v); }
};
struct PointeeEqual {
  bool operator()(const Value* a, const Value* b) const { return a == b || *a == *b; }
};

// This hashes: a peer chooses the items, and comparing each with each would be quadratic.
bool SameSet(absl::Span<const Value> a, absl::Span<const Value> b) {
  HashSet<const Value*, PointeeHash, PointeeEqual> in_a;
  for (const Value& item : a) in_a.insert(&item);
  HashSet<const Value*, PointeeHash, PointeeEqual> in_b;
  for (const Value& item : b) {
    if (!in_a.contains(&item)) return false;
    in_b.insert(&item);
  }
  return in_a.size() == in_b.size();
}

// Writes reprs until the limit is reached, so that the cost is the limit's and not the value's.
class ReprWriter {
 public:
  explicit ReprWriter(size_t max_bytes) : max_bytes_(max_bytes) {}

  void Write(const Value& value);
  std::string Take() {
    if (full()) {
      out_.resize(ValidUtf8Prefix(out_));
      out_ += "...";
    }
    return std::move(out_);
  }

 private:
  bool full() const { return full_; }
  void Add(absl::string_view piece) {
    const size_t room = max_bytes_ - out_.size();
    full_ |= piece.size() > room;
    out_.append(piece.data(), std::min(piece.size(), room));
  }
  // With `dot_zero` whole numbers show as floats.
  void AddFloat(double value, bool dot_zero);
  void AddComplex(std::complex<double> value);
  void AddQuoted(absl::string_view data, bool text);
  void AddEscaped(char marker, uint32_t code, int digits);
  void AddChar(absl::string_view utf8);
  void AddItems(absl::string_view open, absl::Span<const Value> items, absl::string_view close);

  const size_t max_bytes_;
  std::string out_;
  bool full_ = false;
};

// Python's repr of a float has the shortest digits that round-trip, and is scientific from 1e16 and
// below 1e-4.
void ReprWriter::AddFloat(double value, bool dot_zero) {
  if (std::isnan(value)) return Add("nan");
  if (std::isinf(value)) return Add(value < 0 ? "-inf" : "inf");
  const double size = std::fabs(value);
  const bool scientific = size != 0 && (size >= 1e16 || size < 1e-4);
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value,
                    scientific ? std::chars_format::scientific : std::chars_format::fixed);
  const absl::string_view digits(buffer, end.ptr - buffer);
  Add(digits);
  if (dot_zero && !scientific && digits.find('.') == absl::string_view::npos) Add(".0");
}

void ReprWriter::AddComplex(std::complex<double> value) {
  const bool only_imaginary = SameBits(value.real(), 0.0);
  if (!only_imaginary) {
    Add("(");
    AddFloat(value.real(), false);
    if (std::isnan(value.imag()) || !std::signbit(value.imag())) Add("+");
  }
  AddFloat(value.imag(), false);
  Add(only_imaginary ? "j" : "j)");
}

void ReprWriter::AddEscaped(char marker, uint32_t code, int digits) {
  char escape[10] = {'\\', marker};
  for (int i = 0; i < digits; ++i) {
    escape[2 + i] = "0123456789abcdef"[(code >> (4 * (digits - 1 - i))) & 0xF];
  }
  Add(absl::string_view(escape, 2 + digits));
}

// Adds one character beyond ASCII. What could garble a log line or a terminal is escaped: controls,
// invisible and direction-changing characters, line separators, private use.
void ReprWriter::AddChar(absl::string_view utf8) {
  uint32_t c = static_cast<uint8_t>(utf8[0]) & (0xFF >> (utf8.size() + 1));
  for (char next : utf8.substr(1)) c = c << 6 | (static_cast<uint8_t>(next) & 0x3F);
  const auto in = [c](uint32_t first, uint32_t last) { return c >= first && c <= last; };
  if (in(0x80, 0xA0) || c == 0xAD) return AddEscaped('x', c, 2);
  if (in(0x2000, 0x200F) || in(0x2028, 0x202F) || in(0x205F, 0x206F) || c == 0x061C ||
      c == 0x3000 || c == 0xFEFF || in(0xE000, 0xF8FF) || in(0xFFF0, 0xFFFB) ||
      in(0xFFFE, 0xFFFF)) {
    return AddEscaped('u', c, 4);
  }
  if (in(0xE0000, 0x10FFFF)) return AddEscaped('U', c, 8);
  Add(utf8);
}

void ReprWriter::AddQuoted(absl::string_view data, bool text) {
  const bool double_quoted =
      data.find('\'') != absl::string_view::npos && data.find('"') == absl::string_view::npos;
  const char quote = double_quoted ? '"' : '\'';
  Add(absl::string_view(&quote, 1));
  for (size_t i = 0; i < data.size() && !full();) {
    const char c = data[i];
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x80 && text) {
      const size_t length = Utf8CharLength(data.substr(i));
      if (length == 0) {
        AddEscaped('u', 0xDC00 | byte, 4);  // as Python's surrogateescape would show it
        ++i;
      } else {
        AddChar(data.substr(i, length));
        i += length;
      }
      continue;
    }
    if (c == quote || c == '\\') {
      const char escaped[] = {'\\', c};
      Add(absl::string_view(escaped, 2));
    } else if (c == '\n') {
      Add("\\n");
    } else if (c == '\r') {
      Add("\\r");
    } else if (c == '\t') {
      Add("\\t");
    } else if (byte < 0x20 || byte >= 0x7F) {
      AddEscaped('x', byte, 2);
    } else {
      Add(absl::string_view(&c, 1));
    }
    ++i;
  }
  Add(absl::string_view(&quote, 1));
}

void ReprWriter::AddItems(absl::string_view open, absl::Span<const Value> items,
                          absl::string_view close) {
  Add(open);
  for (size_t i = 0; i < items.size() && !full(); ++i) {
    if (i > 0) Add(", ");
    Write(items[i]);
  }
  Add(close);
}

void ReprWriter::Write(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNone:
      return Add("None");
    case Value::Kind::kNotImplemented:
      return Add("NotImplemented");
    case Value::Kind::kEllipsis:
      return Add("Ellipsis");
    case Value::Kind::kBool:
      return Add(*value.AsBool() ? "True" : "False");
    case Value::Kind::kInt: {
      char buffer[24];
      const auto end = std::to_chars(buffer, buffer + sizeof(buffer), *value.AsInt());
      return Add(absl::string_view(buffer, end.ptr - buffer));
    }
    case Value::Kind::kBigInt:
      return Add(value.AsBigInt()->decimal);
    case Value::Kind::kFloat:
      return AddFloat(*value.AsFloat(), true);
    case Value::Kind::kComplex:
      return AddComplex(*value.AsComplex());
    case Value::Kind::kStr:
      return AddQuoted(*value.AsStr(), true);
    case Value::Kind::kBytes:
      Add("b");
      return AddQuoted(value.AsBytes()->data, false);
    case Value::Kind::kTuple:
      return AddItems("(", value.items(), value.items().size() == 1 ? ",)" : ")");
    case Value::Kind::kSlice:
      return AddItems("slice(", value.items(), ")");
    case Value::Kind::kFrozenset:
      if (value.items().empty()) return Add("frozenset()");
      return AddItems("frozenset({", value.items(), "})");
    case Value::Kind::kObject:
      Add("<");
      Add((*value.AsObject())->type_name());
      return Add(" object>");
  }
}

}  // namespace

std::shared_ptr<const Value::Items> Value::MakeItems(std::vector<Value> values) {
  if (values.empty()) return nullptr;
  auto items = std::make_shared<Items>();
  items->by_value = true;
  items->holds_long_string = false;
  for (const Value& value : values) {
    const std::shared_ptr<const Items>* inner = value.items_rep();
    if (inner != nullptr && *inner != nullptr) {
      items->by_value &= (*inner)->by_value;
      items->holds_long_string |= (*inner)->holds_long_string;
    } else {
      items->by_value &= value.kind() != Kind::kObject;
      items->holds_long_string |= IsLongString(value);
    }
  }
  items->values = std::move(values);
  return items;
}

Value Value::Tuple(std::vector<Value> items) {
  Value value;
  value.rep_ = Container{MakeItems(std::move(items)), Kind::kTuple};
  return value;
}

Value Value::Frozenset(std::vector<Value> items) {
  Value value;
  value.rep_ = Container{MakeItems(std::move(items)), Kind::kFrozenset};
  return value;
}

Value Value::Slice(Value start, Value stop, Value step) {
  std::vector<Value> items;
  items.reserve(3);
  items.push_back(std::move(start));
  items.push_back(std::move(stop));
  items.push_back(std::move(step));
  Value value;
  value.rep_ = Container{MakeItems(std::move(items)), Kind::kSlice};
  return value;
}

const std::shared_ptr<const Value::Items>* Value::items_rep() const {
  const Container* container = std::get_if<Container>(&rep_);
  return container == nullptr ? nullptr : &container->items;
}

absl::Span<const Value> Value::items() const {
  const std::shared_ptr<const Items>* items = items_rep();
  if (items == nullptr || *items == nullptr) return {};
  return (*items)->values;
}

std::vector<Value> Value::TakeItems() && {
  const std::shared_ptr<const Items>* items = items_rep();
  if (items == nullptr || *items == nullptr) return {};
  if (items->use_count() != 1) return (*items)->values;
  const std::shared_ptr<const Items> ordered = *items;  // as in ExclusiveItems
  std::vector<Value> taken = std::move(const_cast<Items*>(ordered.get())->values);
  *this = Value();
  return taken;
}

absl::Span<Value> Value::ExclusiveItems() {
  const std::shared_ptr<const Items>* items = items_rep();
  if (items == nullptr || *items == nullptr || !(*items)->holds_long_string ||
      items->use_count() != 1) {
    return {};
  }
  // use_count() alone orders nothing. Counting up reads the last sharer's counting down, so what
  // that thread read of the items happened before we change them.
  const std::shared_ptr<const Items> ordered = *items;
  return absl::MakeSpan(const_cast<Items*>(ordered.get())->values);
}

bool Value::by_value() const {
  const std::shared_ptr<const Items>* items = items_rep();
  if (items != nullptr) return *items == nullptr || (*items)->by_value;
  return kind() != Kind::kObject;
}

absl::string_view Value::type_name() const {
  switch (kind()) {
    case Kind::kNone:
      return "NoneType";
    case Kind::kNotImplemented:
      return "NotImplementedType";
    case Kind::kEllipsis:
      return "ellipsis";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
    case Kind::kBigInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kComplex:
      return "complex";
    case Kind::kStr:
      return "str";
    case Kind::kBytes:
      return "bytes";
    case Kind::kTuple:
      return "tuple";
    case Kind::kSlice:
      return "slice";
    case Kind::kFrozenset:
      return "frozenset";
    case Kind::kObject:
      return (*AsObject())->type_name();
  }
  return "";
}

std::string Value::DebugString(size_t max_bytes) const {
  ReprWriter writer(max_bytes);
  writer.Write(*this);
  return writer.Take();
}

std::vector<size_t> Value::SetHash() const {
  std::vector<size_t> hashes;
  hashes.reserve(items().size());
  for (const Value& item : items()) hashes.push_back(absl::HashOf(item));
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::kNone:
    case Value::Kind::kNotImplemented:
    case Value::Kind::kEllipsis:
      return true;
    case Value::Kind::kBool:
      return *a.AsBool() == *b.AsBool();
    case Value::Kind::kInt:
      return *a.AsInt() == *b.AsInt();
    case Value::Kind::kBigInt:
      return *a.AsBigInt() == *b.AsBigInt();
    case Value::Kind::kFloat:
      return SameBits(*a.AsFloat(), *b.AsFloat());
    case Value::Kind::kComplex:
      return SameBits(a.AsComplex()->real(), b.AsComplex()->real()) &&
             SameBits(a.AsComplex()->imag(), b.AsComplex()->imag());
    case Value::Kind::kStr:
      return *a.AsStr() == *b.AsStr();
    case Value::Kind::kBytes:
      return *a.AsBytes() == *b.AsBytes();
    case Value::Kind::kTuple:
    case Value::Kind::kSlice:
      return *a.items_rep() == *b.items_rep() || SameItems(a.items(), b.items());
    case Value::Kind::kFrozenset:
      return *a.items_rep() == *b.items_rep() || SameSet(a.items(), b.items());
    case Value::Kind::kObject:
      return a.AsObject()->get() == b.AsObject()->get();
  }
  return false;
}

}  // namespace rpyc
