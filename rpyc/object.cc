#include "rpyc/object.h"

#include <atomic>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"

namespace rpyc {

namespace {

// Python's object.__format__: only the empty format says anything.
absl::StatusOr<Value> Format(Object& object, const CallArgs& args) {
  const std::string* spec =
      args.positional.size() == 1 && args.keyword.empty() ? args.positional[0].AsStr() : nullptr;
  if (spec == nullptr) return PyStatus("TypeError", "__format__() takes one str");
  if (!spec->empty()) {
    return PyStatus("TypeError", absl::StrCat("unsupported format string passed to ",
                                              object.type_name(), ".__format__"));
  }
  absl::StatusOr<std::string> text = object.Str();
  if (!text.ok()) return std::move(text).status();
  return Value(*std::move(text));
}

}  // namespace

AttributePresence Object::Has(absl::string_view name) const {
  return {.exposed = false, .plain = name == "__doc__" || name == "__format__"};
}

absl::StatusOr<Value> Object::GetAttr(AttributeRef attribute) {
  if (!attribute.exposed && attribute.name == "__doc__") return Value();
  return PyStatus("AttributeError", absl::StrCat("'", type_name(), "' object has no attribute '",
                                                 attribute.name, "'"));
}

absl::StatusOr<Value> Object::Call(CallArgs) {
  return PyStatus("TypeError", absl::StrCat("'", type_name(), "' object is not callable"));
}

absl::StatusOr<Value> Object::CallAttr(AttributeRef attribute, CallArgs args) {
  if (!attribute.exposed && attribute.name == "__format__") return Format(*this, args);
  absl::StatusOr<Value> callee = GetAttr(attribute);
  if (!callee.ok()) return callee;
  const std::shared_ptr<Object>* object = callee->AsObject();
  if (object == nullptr) {
    return PyStatus("TypeError",
                    absl::StrCat("'", callee->type_name(), "' object is not callable"));
  }
  return (*object)->Call(std::move(args));
}

absl::StatusOr<std::string> Object::Repr() { return absl::StrCat("<", type_name(), " object>"); }

absl::StatusOr<Value> Object::Hash() {
  // Mixed with the process's hash seed, so that the address itself is not told.
  return Value(static_cast<int64_t>(absl::Hash<const void*>()(identity()) >> 3));
}

absl::StatusOr<Value> Object::Compare(absl::string_view op, const Value& other) {
  const std::shared_ptr<Object>* object = other.AsObject();
  const bool same = object != nullptr && (*object)->identity() == identity();
  if (same && (op == "__eq__" || op == "__ne__")) return Value(op == "__eq__");
  return Value(NotImplemented());
}

int64_t NewObjectId() {
  static std::atomic<int64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace rpyc
