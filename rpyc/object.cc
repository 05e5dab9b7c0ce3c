#include "rpyc/object.h"

#include <atomic>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"

namespace rpyc {

namespace {

// Does what Python's object.__format__ does: only the empty format is supported.
absl::StatusOr<Value> Format(const CallContext& context, Object& object, const CallArgs& args) {
  const std::string* spec =
      args.positional.size() == 1 && args.keyword.empty() ? args.positional[0].AsStr() : nullptr;
  if (spec == nullptr) return PyStatus("TypeError", "__format__() takes one str");
  if (!spec->empty()) {
    return PyStatus("TypeError", absl::StrCat("unsupported format string passed to ",
                                              object.type_name(), ".__format__"));
  }
  absl::StatusOr<std::string> text = object.Str(context);
  if (!text.ok()) return std::move(text).status();
  return Value(*std::move(text));
}

// The address is mixed with the process's hash seed, so that it is not told itself.
uint64_t IdentityHash(const void* identity) { return absl::Hash<const void*>()(identity) >> 3; }

absl::Status NoAttribute(const Object& object, absl::string_view name) {
  return PyStatus("AttributeError",
                  absl::StrCat("'", object.type_name(), "' object has no attribute '", name, "'"));
}

}  // namespace

absl::StatusOr<bool> Object::HasInstance(const CallContext&, const Object& other) {
  return class_id() == other.class_id();
}

absl::StatusOr<Object::Methods> Object::SpecialMethods(const CallContext&) { return Methods(); }

AttributePresence Object::Has(absl::string_view name) const {
  return {.exposed = false, .plain = name == "__doc__" || name == "__format__"};
}

std::optional<absl::StatusOr<AttributeRef>> Object::OwnRule(Access, absl::string_view) const {
  return std::nullopt;
}

absl::StatusOr<Value> Object::GetAttr(const CallContext&, AttributeRef attribute) {
  if (!attribute.exposed && attribute.name == "__doc__") return Value();
  return NoAttribute(*this, attribute.name);
}

absl::Status Object::SetAttr(const CallContext&, AttributeRef attribute, Value) {
  const AttributePresence presence = Has(attribute.name);
  if (!presence.exposed && !presence.plain) return NoAttribute(*this, attribute.name);
  return PyStatus("AttributeError", absl::StrCat("'", type_name(), "' object attribute '",
                                                 attribute.name, "' is read-only"));
}

absl::Status Object::DelAttr(const CallContext& context, AttributeRef attribute) {
  return SetAttr(context, attribute, Value());
}

absl::StatusOr<Value> Object::Call(const CallContext&, CallArgs) {
  return PyStatus("TypeError", absl::StrCat("'", type_name(), "' object is not callable"));
}

absl::StatusOr<Value> Object::CallAttr(const CallContext& context, AttributeRef attribute,
                                       CallArgs args) {
  if (!attribute.exposed && attribute.name == "__format__") return Format(context, *this, args);
  absl::StatusOr<Value> callee = GetAttr(context, attribute);
  if (!callee.ok()) return callee;
  const std::shared_ptr<Object>* object = callee->AsObject();
  if (object == nullptr) {
    return PyStatus("TypeError",
                    absl::StrCat("'", callee->type_name(), "' object is not callable"));
  }
  return (*object)->Call(context, std::move(args));
}

// The hash in a repr tells objects apart. A peer may ask for it too: it is the same for all peers,
// as long as the object lives.
absl::StatusOr<std::string> Object::Repr(const CallContext&) {
  return absl::StrCat("<", type_name(), " object at 0x",
                      absl::Hex(IdentityHash(identity()), absl::kZeroPad16), ">");
}

absl::StatusOr<Value> Object::Hash(const CallContext&) {
  return Value(static_cast<int64_t>(IdentityHash(identity())));
}

absl::StatusOr<Value> Object::Compare(const CallContext&, absl::string_view op,
                                      const Value& other) {
  const std::shared_ptr<Object>* object = other.AsObject();
  const bool same = object != nullptr && (*object)->IsSameAs(*this);
  if (same && (op == "__eq__" || op == "__ne__")) return Value(op == "__eq__");
  return Value(NotImplemented());
}

absl::StatusOr<std::vector<Value>> Object::NextItems(const CallContext& context, size_t count) {
  std::vector<Value> items;
  while (items.size() < count) {
    absl::StatusOr<Value> item = CallAttr(context, {.name = "__next__", .exposed = false}, {});
    if (!item.ok()) {
      if (IsPyStatus(item.status(), "StopIteration")) break;
      return item.status();
    }
    items.push_back(*std::move(item));
  }
  return items;
}

absl::StatusOr<std::vector<std::string>> Object::Dir(const CallContext&) {
  return std::vector<std::string>();
}

absl::StatusOr<bool> Object::IsCallable(const CallContext&) { return false; }

absl::StatusOr<Value> Object::Exit(const CallContext& context, Value exception) {
  return CallAttr(context, {.name = "__exit__", .exposed = false},
                  {.positional = {std::move(exception), Value(), Value()}, .keyword = {}});
}

int64_t NewObjectId() {
  constexpr int64_t kFirst = kNamesClassId + 2;
  // The count begins with 0, so that it lies among other zeros in memory: a process that is forked
  // for a connection gets a copy of its own of each page it writes to.
  static std::atomic<int64_t> given{0};
  return kFirst + given.fetch_add(2, std::memory_order_relaxed);
}

}  // namespace rpyc
