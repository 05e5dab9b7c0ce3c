#include "rpyc/python_ops.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <complex>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rpyc/container.h"
#include "rpyc/errors.h"
#include "rpyc/hash_map.h"
#include "rpyc/number.h"
#include "rpyc/numbered_object.h"

namespace rpyc {
namespace {

constexpr int kMaxDepth = 200;
constexpr int64_t kMaxSteps = 100'000'000;
constexpr size_t kLongestText = 64u << 20;

struct Operator {
  absl::string_view name;
  absl::string_view symbol;
  absl::string_view reflected;
};
constexpr Operator kOperators[] = {{"__eq__", "==", "__eq__"}, {"__ne__", "!=", "__ne__"},
                                   {"__lt__", "<", "__gt__"},  {"__le__", "<=", "__ge__"},
                                   {"__gt__", ">", "__lt__"},  {"__ge__", ">=", "__le__"}};

const Operator& OperatorOf(absl::string_view name) {
  return *std::find_if(std::begin(kOperators), std::end(kOperators) - 1,
                       [name](const Operator& op) { return op.name == name; });
}

bool Holds(const Operator& op, std::partial_ordering order) {
  switch (op.symbol[0]) {
    case '=':
      return order == 0;
    case '!':
      return order != 0;
    case '<':
      return op.symbol.size() == 2 ? order <= 0 : order < 0;
    default:
      return op.symbol.size() == 2 ? order >= 0 : order > 0;
  }
}

bool IsTrue(const Value& value) {
  if (IsRealNumber(value)) return CompareNumbers(value, Value(0)) != 0;
  if (const std::string* text = value.AsStr()) return !text->empty();
  if (value.IsTuple()) return !value.items().empty();
  return !value.is_none();
}

bool IsNumber(const Value& value) { return IsRealNumber(value) || value.AsComplex() != nullptr; }

bool HoldsNan(const Value& value) {
  const std::complex<double>* c = value.AsComplex();
  return c != nullptr && (std::isnan(c->real()) || std::isnan(c->imag()));
}

bool SameObject(const Value& a, const Value& b) {
  return a.AsObject() != nullptr && b.AsObject() != nullptr &&
         (*a.AsObject())->IsSameAs(**b.AsObject());
}

class Comparison {
 public:
  explicit Comparison(const CallContext& context) : context_(context) {}

  absl::StatusOr<bool> Compare(const Operator& op, const Value& a, const Value& b) {
    if (++depth_ > kMaxDepth || ++steps_ > kMaxSteps) {
      return PyStatus("RecursionError", "maximum recursion depth exceeded in comparison");
    }
    absl::StatusOr<bool> result = CompareAtDepth(op, a, b);
    --depth_;
    return result;
  }
  absl::StatusOr<bool> Equal(const Value& a, const Value& b) {
    return Compare(kOperators[0], a, b);
  }
  // Compares as items of containers are compared: an object equals itself without being asked.
  absl::StatusOr<bool> SameOrEqual(const Value& a, const Value& b) {
    if (SameObject(a, b)) return true;
    return Equal(a, b);
  }

 private:
  absl::StatusOr<bool> CompareAtDepth(const Operator& op, const Value& a, const Value& b);
  absl::StatusOr<bool> CompareItems(const Operator& op, absl::Span<const Value> a,
                                    absl::Span<const Value> b);
  absl::StatusOr<bool> EqualDicts(const Container& a, const Container& b);
  absl::StatusOr<bool> AskObjects(const Operator& op, const Value& a, const Value& b);

  const CallContext& context_;
  int depth_ = 0;
  int64_t steps_ = 0;
};

absl::StatusOr<bool> Comparison::CompareAtDepth(const Operator& op, const Value& a,
                                                const Value& b) {
  const bool equality = &op <= &kOperators[1];
  const bool negated = &op == &kOperators[1];
  if (IsRealNumber(a) && IsRealNumber(b)) return Holds(op, CompareNumbers(a, b));
  if (a.AsStr() && b.AsStr()) return Holds(op, a.AsStr()->compare(*b.AsStr()) <=> 0);
  if (a.AsBytes() && b.AsBytes()) {
    return Holds(op, a.AsBytes()->data.compare(b.AsBytes()->data) <=> 0);
  }
  const Container* in_a = AsContainer(a);
  const Container* in_b = AsContainer(b);
  if (in_a != nullptr && in_b != nullptr && in_a->kind() == in_b->kind()) {
    if (in_a->kind() == Container::Kind::kList) {
      return CompareItems(op, in_a->Snapshot(), in_b->Snapshot());
    }
    if (equality) {
      absl::StatusOr<bool> equal = EqualDicts(*in_a, *in_b);
      if (!equal.ok()) return equal;
      return *equal != negated;
    }
  } else if ((in_a == nullptr && a.AsObject()) || (in_b == nullptr && b.AsObject())) {
    return AskObjects(op, a, b);
  }
  if (a.kind() == b.kind() && (a.IsTuple() || (a.kind() == Value::Kind::kSlice && equality))) {
    return CompareItems(op, a.items(), b.items());
  }
  if (equality) {
    const bool comparable = a.kind() == b.kind() || (IsNumber(a) && IsNumber(b));
    const bool equal = comparable && !HoldsNan(a) && Canonical(a) == Canonical(b);
    return equal != negated;
  }
  return PyStatus("TypeError",
                  absl::StrCat("'", op.symbol, "' not supported between instances of '",
                               ShortTypeName(a), "' and '", ShortTypeName(b), "'"));
}

absl::StatusOr<bool> Comparison::CompareItems(const Operator& op, absl::Span<const Value> a,
                                              absl::Span<const Value> b) {
  const bool equality = &op <= &kOperators[1];
  if (equality && a.size() != b.size()) return op.symbol == "!=";
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    absl::StatusOr<bool> equal = SameOrEqual(a[i], b[i]);
    if (!equal.ok()) return equal;
    if (*equal) continue;
    if (equality) return op.symbol == "!=";
    return Compare(op, a[i], b[i]);
  }
  return Holds(op, a.size() <=> b.size());
}

absl::StatusOr<bool> Comparison::EqualDicts(const Container& a, const Container& b) {
  const std::vector<Value> in_a = a.Snapshot();
  const std::vector<Value> in_b = b.Snapshot();
  if (in_a.size() != in_b.size()) return false;
  HashMap<Value, const Value*> by_key;
  for (size_t i = 0; i < in_b.size(); i += 2) by_key[CanonicalKey(in_b[i])] = &in_b[i + 1];
  for (size_t i = 0; i < in_a.size(); i += 2) {
    const auto found = by_key.find(CanonicalKey(in_a[i]));
    if (found == by_key.end()) return false;
    absl::StatusOr<bool> equal = SameOrEqual(in_a[i + 1], *found->second);
    if (!equal.ok() || !*equal) return equal;
  }
  return true;
}

// Each side is asked, as Python does; for equality identity decides in the end.
absl::StatusOr<bool> Comparison::AskObjects(const Operator& op, const Value& a, const Value& b) {
  if (const std::shared_ptr<Object>* object = a.AsObject(); object && !AsContainer(a)) {
    absl::StatusOr<Value> answer = (*object)->Compare(context_, op.name, b);
    if (!answer.ok()) return std::move(answer).status();
    if (answer->kind() != Value::Kind::kNotImplemented) return IsTrue(*answer);
  }
  if (const std::shared_ptr<Object>* object = b.AsObject(); object && !AsContainer(b)) {
    absl::StatusOr<Value> answer = (*object)->Compare(context_, op.reflected, a);
    if (!answer.ok()) return std::move(answer).status();
    if (answer->kind() != Value::Kind::kNotImplemented) return IsTrue(*answer);
  }
  if (op.symbol == "==") return SameObject(a, b);
  if (op.symbol == "!=") return !SameObject(a, b);
  return PyStatus("TypeError",
                  absl::StrCat("'", op.symbol, "' not supported between instances of '",
                               ShortTypeName(a), "' and '", ShortTypeName(b), "'"));
}

class Printer {
 public:
  explicit Printer(const CallContext& context) : context_(context) {}

  absl::Status Print(const Value& value);
  std::string Take() { return std::move(text_); }

 private:
  absl::Status PrintItems(absl::string_view open, absl::Span<const Value> items,
                          absl::string_view close);
  absl::Status PrintContainer(const Container& container);

  const CallContext& context_;
  std::string text_;
  std::vector<const void*> path_;  // the containers around the present value
  int depth_ = 0;
};

absl::Status Printer::Print(const Value& value) {
  if (text_.size() > kLongestText) {
    return PyStatus("MemoryError", "the repr of an object is longer than 64 MiB");
  }
  if (const Container* container = AsContainer(value)) return PrintContainer(*container);
  if (const std::shared_ptr<Object>* object = value.AsObject()) {
    absl::StatusOr<std::string> repr = (*object)->Repr(context_);
    if (!repr.ok()) return repr.status();
    text_ += *repr;
    return absl::OkStatus();
  }
  if (value.by_value()) {
    text_ += value.DebugString(kLongestText);
    return absl::OkStatus();
  }
  switch (value.kind()) {
    case Value::Kind::kTuple:
      return PrintItems("(", value.items(), value.items().size() == 1 ? ",)" : ")");
    case Value::Kind::kSlice:
      return PrintItems("slice(", value.items(), ")");
    default:
      return PrintItems("frozenset({", value.items(), "})");
  }
}

absl::Status Printer::PrintItems(absl::string_view open, absl::Span<const Value> items,
                                 absl::string_view close) {
  if (++depth_ > kMaxDepth) {
    return PyStatus("RecursionError",
                    "maximum recursion depth exceeded while getting the repr of an object");
  }
  absl::StrAppend(&text_, open);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text_ += ", ";
    absl::Status printed = Print(items[i]);
    if (!printed.ok()) return printed;
  }
  absl::StrAppend(&text_, close);
  --depth_;
  return absl::OkStatus();
}

absl::Status Printer::PrintContainer(const Container& container) {
  const bool is_list = container.kind() == Container::Kind::kList;
  if (std::find(path_.begin(), path_.end(), container.identity()) != path_.end()) {
    text_ += is_list ? "[...]" : "{...}";
    return absl::OkStatus();
  }
  path_.push_back(container.identity());
  const std::vector<Value> items = container.Snapshot();
  if (is_list) {
    absl::Status printed = PrintItems("[", items, "]");
    if (!printed.ok()) return printed;
  } else {
    absl::StrAppend(&text_, "{");
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text_ += i % 2 == 0 ? ", " : ": ";
      absl::Status printed = PrintItems("", absl::MakeSpan(&items[i], 1), "");
      if (!printed.ok()) return printed;
    }
    absl::StrAppend(&text_, "}");
  }
  path_.pop_back();
  return absl::OkStatus();
}

bool HoldsSlice(const Value& value) {
  if (value.kind() == Value::Kind::kSlice) return true;
  const absl::Span<const Value> items = value.items();
  return std::any_of(items.begin(), items.end(), HoldsSlice);
}

}  // namespace

absl::StatusOr<bool> PyEquals(const CallContext& context, const Value& a, const Value& b) {
  return Comparison(context).Equal(a, b);
}

absl::StatusOr<bool> PyCompare(const CallContext& context, absl::string_view op, const Value& a,
                               const Value& b) {
  return Comparison(context).Compare(OperatorOf(op), a, b);
}

absl::StatusOr<std::string> PyRepr(const CallContext& context, const Value& value) {
  Printer printer(context);
  absl::Status printed = printer.Print(value);
  if (!printed.ok()) return printed;
  return printer.Take();
}

absl::StatusOr<size_t> FindEqual(const CallContext& context, absl::Span<const Value> items,
                                 const Value& item) {
  Comparison comparison(context);
  for (size_t i = 0; i < items.size(); ++i) {
    absl::StatusOr<bool> equal = comparison.SameOrEqual(items[i], item);
    if (!equal.ok()) return std::move(equal).status();
    if (*equal) return i;
  }
  return items.size();
}

// Merges runs by hand: the standard algorithms may run out of their bounds when a peer's objects
// compare at random.
absl::StatusOr<std::vector<Value>> SortedBy(const CallContext& context, std::vector<Value> keys,
                                            std::vector<Value> items, bool reverse) {
  Comparison comparison(context);
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::vector<size_t> merged(order.size());
  for (size_t run = 1; run < order.size(); run *= 2) {
    for (size_t begin = 0; begin < order.size(); begin += 2 * run) {
      const size_t middle = std::min(begin + run, order.size());
      const size_t end = std::min(begin + 2 * run, order.size());
      size_t left = begin;
      size_t right = middle;
      for (size_t out = begin; out < end; ++out) {
        bool take_right = left == middle;
        if (left < middle && right < end) {
          const Value& a = keys[order[left]];
          const Value& b = keys[order[right]];
          absl::StatusOr<bool> less =
              comparison.Compare(OperatorOf("__lt__"), reverse ? a : b, reverse ? b : a);
          if (!less.ok()) return std::move(less).status();
          take_right = *less;
        }
        merged[out] = order[take_right ? right++ : left++];
      }
    }
    order.swap(merged);
  }
  std::vector<Value> sorted;
  sorted.reserve(items.size());
  for (const size_t index : order) sorted.push_back(std::move(items[index]));
  return sorted;
}

Value CanonicalKey(const Value& key) {
  if (const NumberedObject* numbered = AsNumbered(key)) return Canonical(numbered->number());
  return Canonical(key);
}

absl::StatusOr<Value> HashableKey(const Value& key) {
  if (HoldsSlice(key)) return PyStatus("TypeError", "unhashable type: 'slice'");
  if (AsContainer(key) != nullptr) {
    return PyStatus("TypeError", absl::StrCat("unhashable type: '", ShortTypeName(key), "'"));
  }
  if (!key.by_value() && AsNumbered(key) == nullptr) {
    return PyStatus("TypeError", absl::StrCat("keys of this dict travel by value; got a ",
                                              ShortTypeName(key), " by reference"));
  }
  return CanonicalKey(key);
}

absl::string_view ShortTypeName(const Value& value) {
  return absl::StripPrefix(value.type_name(), "builtins.");
}

}  // namespace rpyc
