#include "rpyc/cast/struct_info.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rpyc/assert.h"
#include "rpyc/bind/definition.h"
#include "rpyc/bind/instance.h"
#include "rpyc/bind/python_name.h"
#include "rpyc/builtin_method.h"
#include "rpyc/cast/ask.h"
#include "rpyc/cast/cast.h"
#include "rpyc/collection.h"
#include "rpyc/container.h"
#include "rpyc/did_you_mean.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/iterator.h"
#include "rpyc/limits.h"
#include "rpyc/list_slice.h"
#include "rpyc/netref_object.h"
#include "rpyc/python_ops.h"

namespace rpyc {
namespace {

using Args = absl::Span<Value>;
using Result = absl::StatusOr<Value>;

// Shows Python a copy of a struct: its fields are attributes, and items in order. It cannot be
// changed, so that no change is lost.
class StructObject : public Instance {
 public:
  // `fields` is a tuple.
  StructObject(const StructInfo* info, Value fields)
      : Instance(info->object_class(), std::make_shared<Value>(std::move(fields))), info_(*info) {}

  const StructInfo& info() const { return info_; }
  const Value& fields() const { return *static_cast<const Value*>(self().get()); }

  std::optional<absl::StatusOr<AttributeRef>> OwnRule(Access access,
                                                      absl::string_view name) const override {
    if (access == Access::kGet) return std::nullopt;
    return PyStatus("AttributeError",
                    absl::StrCat("cannot ", access == Access::kSet ? "set" : "delete", " '", name,
                                 "': this ", info_.short_name(),
                                 " is a copy; pass a new one, or a dict of its fields, to what "
                                 "takes a ",
                                 info_.short_name()));
  }

 private:
  const StructInfo& info_;
};

StructObject& Self(const MemberCall& call) {
  return *static_cast<StructObject*>(static_cast<Instance*>(call.object));
}

const StructObject* AsStruct(const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  return object == nullptr ? nullptr : dynamic_cast<const StructObject*>(object->get());
}

Result Length(const MemberCall& call, Args) {
  return Value(static_cast<int64_t>(Self(call).fields().items().size()));
}

Result Iterate(const MemberCall& call, Args) {
  const absl::Span<const Value> items = Self(call).fields().items();
  return Cast<Iterator>::To(Iterator(std::vector<Value>(items.begin(), items.end())));
}

// Returns an item by position, slice or name.
Result GetItem(const MemberCall& call, Args args) {
  const StructObject& self = Self(call);
  if (args[0].kind() == Value::Kind::kSlice) {
    absl::StatusOr<SliceRange> range = ResolveSlice(args[0], self.fields().items().size());
    if (!range.ok()) return std::move(range).status();
    std::vector<Value> items;
    for (size_t i = 0; i < range->count; ++i) {
      items.push_back(self.fields().items()[range->IndexOf(i)]);
    }
    return Value::Tuple(std::move(items));
  }
  if (args[0].AsObject() != nullptr) {
    Result index = cast_internal::AskInt(call.context, args[0]);
    if (!index.ok()) return index;
    args[0] = *std::move(index);
  }
  const std::string* name = args[0].AsStr();
  if (name == nullptr) return PyGetItem(call.context, self.fields(), args[0]);
  for (size_t i = 0; i < self.info().fields().size(); ++i) {
    if (self.info().fields()[i].name == *name) return self.fields().items()[i];
  }
  return PyStatus(RemoteException{.name = "KeyError", .args = {args[0]}});
}

Result Contains(const MemberCall& call, Args args) {
  absl::StatusOr<bool> found = PyContains(call.context, Self(call).fields(), args[0]);
  if (!found.ok()) return std::move(found).status();
  return Value(*found);
}

Result Keys(const MemberCall& call, Args) {
  std::vector<Value> names;
  for (const StructField& field : Self(call).info().fields()) names.emplace_back(field.name);
  return Value::Tuple(std::move(names));
}

// Compares as tuples compare, with another struct of this kind or with a tuple.
template <const char* kOperator>
Result Compare(const MemberCall& call, Args args) {
  const StructObject* other = AsStruct(args[0]);
  if (other != nullptr && &other->info() != &Self(call).info()) return NotImplemented();
  if (other == nullptr && !args[0].IsTuple()) return NotImplemented();
  absl::StatusOr<bool> result = PyCompare(call.context, kOperator, Self(call).fields(),
                                          other == nullptr ? args[0] : other->fields());
  if (!result.ok()) return std::move(result).status();
  return Value(*result);
}

constexpr char kEqual[] = "__eq__";
constexpr char kNotEqual[] = "__ne__";
constexpr char kLess[] = "__lt__";
constexpr char kLessOrEqual[] = "__le__";
constexpr char kGreater[] = "__gt__";
constexpr char kGreaterOrEqual[] = "__ge__";

Result Shown(const MemberCall& call, Args) {
  const StructObject& self = Self(call);
  std::string text = absl::StrCat(self.info().short_name(), "(");
  for (size_t i = 0; i < self.info().fields().size(); ++i) {
    absl::StatusOr<std::string> value = PyRepr(call.context, self.fields().items()[i]);
    if (!value.ok()) return std::move(value).status();
    absl::StrAppend(&text, i == 0 ? "" : ", ", self.info().fields()[i].name, "=", *value);
  }
  return Value(absl::StrCat(text, ")"));
}

bool IsDict(const Value& value) {
  const Container* container = AsContainer(value);
  return container != nullptr ? container->kind() == Container::Kind::kDict
                              : value.type_name() == "builtins.dict";
}

}  // namespace

StructInfo::StructInfo(absl::string_view name, Create create) : name_(name), create_(create) {}

void StructInfo::set_doc(absl::string_view doc) { doc_ = std::string(doc); }

void StructInfo::Add(StructField field) {
  const std::string owner = absl::StrCat("the struct ", name_);
  RequireFieldName(owner, field.name);
  if (std::find(names_.begin(), names_.end(), field.name) != names_.end()) {
    EndByMistake(owner, absl::StrCat("it has two fields named ", field.name));
  }
  const bool after_default = !fields_.empty() && fields_.back().default_value.has_value();
  if (after_default && !field.default_value.has_value()) {
    EndByMistake(owner, absl::StrCat("the field ", field.name,
                                     " needs a default, since the one before it has one"));
  }
  names_.push_back(field.name);
  fields_.push_back(std::move(field));
}

void StructInfo::Finish() {
  RPYC_ASSERT(object_class_ == nullptr);
  if (fields_.empty()) {
    EndByMistake(absl::StrCat("the struct ", name_), "it lists no fields");
  }
  auto made = std::make_shared<ClassInfo>(name_);
  made->set_doc(doc_);
  made->Add(BuiltinMethod("__len__", {}, "", Length));
  made->Add(BuiltinMethod("__iter__", {}, "", Iterate));
  made->Add(BuiltinMethod("__getitem__", Positional(1), "", GetItem));
  made->Add(BuiltinMethod("__contains__", Positional(1), "", Contains));
  made->Add(BuiltinMethod("__repr__", {}, "", Shown));
  made->Add(BuiltinMethod(kEqual, Positional(1), "", Compare<kEqual>));
  made->Add(BuiltinMethod(kNotEqual, Positional(1), "", Compare<kNotEqual>));
  made->Add(BuiltinMethod(kLess, Positional(1), "", Compare<kLess>));
  made->Add(BuiltinMethod(kLessOrEqual, Positional(1), "", Compare<kLessOrEqual>));
  made->Add(BuiltinMethod(kGreater, Positional(1), "", Compare<kGreater>));
  made->Add(BuiltinMethod(kGreaterOrEqual, Positional(1), "", Compare<kGreaterOrEqual>));
  Member keys = BuiltinMethod("keys", {}, "The names of the fields, so that dict(x) works.", Keys);
  keys.visibility = Visibility::kExposed;
  made->Add(std::move(keys));
  for (size_t i = 0; i < fields_.size(); ++i) {
    Member attribute;
    attribute.name = fields_[i].name;
    attribute.kind = MemberKind::kProperty;
    attribute.needs_object = true;
    attribute.signature.return_type = fields_[i].type;
    attribute.body = [i](const Member&, const MemberCall& call, Args) -> Result {
      return Self(call).fields().items()[i];
    };
    made->Add(std::move(attribute));
  }
  if (create_ != nullptr) {
    Member init;
    init.name = short_name();
    init.signature.return_type = short_name();
    for (const StructField& field : fields_) {
      init.signature.parameters.push_back(
          {.name = field.name, .type = field.parameter_type, .default_value = field.default_value});
    }
    init.body = [this](const Member&, const MemberCall& call, Args args) -> Result {
      const std::shared_ptr<void> object = create_();
      Values values(std::make_move_iterator(args.begin()), std::make_move_iterator(args.end()));
      absl::Status filled = FillFrom(call.context, std::move(values), object.get());
      if (!filled.ok()) return filled;
      return Make(object.get());
    };
    made->AddInit(std::move(init));
  }
  object_class_ = std::move(made);
}

std::string StructInfo::Described() const {
  return absl::StrCat(short_name(), " (", absl::StrJoin(names_, ", "), ")");
}

absl::StatusOr<StructInfo::Values> StructInfo::InOrder(std::vector<Value> items) const {
  if (items.size() > fields_.size()) {
    return PyStatus("TypeError", absl::StrCat("expected ", Described(), ", got more than ",
                                              fields_.size(), " items"));
  }
  Values values(std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
  values.resize(fields_.size());
  return values;
}

absl::StatusOr<StructInfo::Values> StructInfo::ReadPairs(const CallContext& context,
                                                         const Value& mapping) const {
  Values values(fields_.size());
  absl::Status read =
      ForEachPair(context, mapping, Limits(), [&](Value key, Value value) -> absl::Status {
        const std::string* name = key.AsStr();
        const auto found =
            name == nullptr ? names_.end() : std::find(names_.begin(), names_.end(), *name);
        if (found == names_.end()) {
          return PyStatus("TypeError",
                          absl::StrCat(Described(), " has no field ", key.DebugString(40),
                                       name == nullptr ? "" : DidYouMean(*name, names_)));
        }
        values[static_cast<size_t>(found - names_.begin())] = std::move(value);
        return absl::OkStatus();
      });
  if (!read.ok()) return read;
  return values;
}

absl::StatusOr<StructInfo::Values> StructInfo::ReadItems(const CallContext& context,
                                                         const Value& sequence) const {
  std::vector<Value> items;
  bool too_many = false;
  absl::Status read = ForEachItem(context, sequence, Limits(), [&](size_t index, Value item) {
    too_many = index >= fields_.size();
    items.push_back(std::move(item));
    return too_many ? absl::CancelledError() : absl::OkStatus();
  });
  if (!read.ok() && !too_many) return read;
  return InOrder(std::move(items));
}

// The text of a named tuple tells the names of its fields. If those are not our names in our order,
// its items are not our fields, whatever their number.
absl::Status StructInfo::CheckOrder(const CallContext& context, const Value& sequence) const {
  const absl::StatusOr<std::string> text = (*sequence.AsObject())->Repr(context);
  if (!text.ok()) return text.status();
  const size_t open = text->find('(');
  if (open == std::string::npos) return absl::OkStatus();
  const absl::string_view rest = absl::string_view(*text).substr(open + 1);
  size_t end = 0;
  while (end < rest.size() &&
         (absl::ascii_isalnum(static_cast<unsigned char>(rest[end])) || rest[end] == '_')) {
    ++end;
  }
  if (end == 0 || end == rest.size() || rest[end] != '=') return absl::OkStatus();
  size_t at = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    const std::string label = absl::StrCat(i == 0 ? "" : ", ", names_[i], "=");
    const size_t found = rest.find(label, at);
    const bool there = i == 0 ? found == 0 : found != absl::string_view::npos;
    if (!there && fields_[i].default_value.has_value()) break;
    if (!there) {
      return WrongType(Described(), sequence,
                       absl::StrCat("its fields have other names, or another order; pass a dict: ",
                                    text->substr(0, 80)));
    }
    at = found + label.size();
  }
  return absl::OkStatus();
}

absl::StatusOr<StructInfo::Values> StructInfo::ReadAttributes(const CallContext& context,
                                                              const Value& object) const {
  Values values(fields_.size());
  const bool is_ours = dynamic_cast<const NetrefObject*>(object.AsObject()->get()) == nullptr;
  for (size_t i = 0; i < fields_.size(); ++i) {
    absl::StatusOr<Value> read =
        (*object.AsObject())->GetAttr(context, {.name = names_[i], .exposed = is_ours});
    if (read.ok()) {
      values[i] = *std::move(read);
    } else if (i == 0 || !IsPyStatus(read.status(), "AttributeError")) {
      return std::move(read).status();
    }
  }
  return values;
}

absl::StatusOr<StructInfo::Values> StructInfo::ReadObject(const CallContext& context,
                                                          const Value& value) const {
  if (IsDict(value)) return ReadPairs(context, value);
  const absl::string_view name = value.type_name();
  if (AsContainer(value) != nullptr || name == "builtins.list" || name == "builtins.tuple") {
    return ReadItems(context, value);
  }
  auto* const netref = dynamic_cast<NetrefObject*>(value.AsObject()->get());
  if (absl::StartsWith(name, "builtins.") || (*value.AsObject())->is_class()) {
    return cast_internal::WrongObject(Described(), value);
  }
  ClassTraits traits;
  if (netref != nullptr) {
    absl::StatusOr<ClassTraits> told = netref->Traits(context);
    if (!told.ok()) return std::move(told).status();
    traits = *told;
    if (traits.has_keys && traits.has_getitem) return ReadPairs(context, value);
  }
  absl::StatusOr<Values> values = ReadAttributes(context, value);
  if (values.ok() || !IsPyStatus(values.status(), "AttributeError")) return values;
  if (!traits.has_iter || traits.is_text || traits.is_bytes) {
    return WrongType(Described(), value, "pass a dict or a tuple of its fields");
  }
  absl::Status in_order = CheckOrder(context, value);
  if (!in_order.ok()) return in_order;
  return ReadItems(context, value);
}

absl::StatusOr<StructInfo::Values> StructInfo::Read(const CallContext& context,
                                                    Value& value) const {
  if (value.IsTuple()) return InOrder(std::move(value).TakeItems());
  if (value.AsObject() == nullptr) return WrongType(Described(), value);
  const StructObject* const given = AsStruct(value);
  if (given == nullptr) return ReadObject(context, value);
  if (&given->info() != this) return WrongType(Described(), value);
  const absl::Span<const Value> items = given->fields().items();
  return InOrder(std::vector<Value>(items.begin(), items.end()));
}

absl::Status StructInfo::FillFrom(const CallContext& context, Values values, void* object) const {
  RPYC_ASSERT(values.size() == fields_.size());
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!values[i]) values[i] = fields_[i].default_value;
    if (!values[i]) {
      return PyStatus("TypeError", absl::StrCat(Described(), " misses its field ", names_[i]));
    }
    absl::Status set = fields_[i].set(context, object, *values[i]);
    if (!set.ok()) return ErrorAt(absl::StrCat("field ", names_[i]), set);
  }
  return absl::OkStatus();
}

absl::Status StructInfo::Fill(const CallContext& context, Value value, void* object) const {
  absl::StatusOr<Values> values = Read(context, value);
  if (!values.ok()) return std::move(values).status();
  return FillFrom(context, *std::move(values), object);
}

Value StructInfo::Make(const void* object) const {
  std::vector<Value> values;
  values.reserve(fields_.size());
  for (const StructField& field : fields_) values.push_back(field.get(object));
  return Value(std::make_shared<StructObject>(this, Value::Tuple(std::move(values))));
}

}  // namespace rpyc
