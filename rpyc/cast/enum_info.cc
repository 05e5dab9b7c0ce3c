#include "rpyc/cast/enum_info.h"

#include <algorithm>
#include <compare>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rpyc/assert.h"
#include "rpyc/bind/definition.h"
#include "rpyc/bind/python_name.h"
#include "rpyc/builtin_method.h"
#include "rpyc/cast/ask.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/did_you_mean.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/netref_object.h"
#include "rpyc/number.h"

namespace rpyc {
namespace {

using Args = absl::Span<Value>;
using Result = absl::StatusOr<Value>;

// An error that lists the members names at most this many.
constexpr size_t kMaxListedMembers = 24;
// The text of a combination of flags is at most this long.
constexpr size_t kMaxFlagsBytes = 4096;

// An int's hash is the int modulo 2 ** 61 - 1 with its sign, and -2 instead of -1.
// Source:  CPython Python/pyhash.c and Objects/longobject.c, long_hash.
int64_t HashOfInt(uint64_t magnitude, bool negative) {
  constexpr uint64_t kModulus = (uint64_t{1} << 61) - 1;
  const auto hash = static_cast<int64_t>(magnitude % kModulus);
  if (!negative) return hash;
  return hash == 1 ? -2 : -hash;
}

bool Holds(absl::string_view op, std::partial_ordering order) {
  if (op == "__eq__") return std::is_eq(order);
  if (op == "__ne__") return std::is_neq(order);
  if (op == "__lt__") return std::is_lt(order);
  if (op == "__le__") return std::is_lteq(order);
  return op == "__gt__" ? std::is_gt(order) : std::is_gteq(order);
}

EnumMember& Self(const MemberCall& call) {
  return *static_cast<EnumMember*>(static_cast<Instance*>(call.object));
}

Member MemberProperty(absl::string_view name, absl::string_view type, absl::string_view doc,
                      BuiltinBody body) {
  Member member = BuiltinMethod(name, {}, doc, body);
  member.kind = MemberKind::kProperty;
  member.visibility = Visibility::kExposed;
  member.signature.return_type = std::string(type);
  return member;
}

// Returns the flags of an operand, or nothing if it is no combination of them.
std::optional<uint64_t> FlagsOf(const MemberCall& call, const Value& operand) {
  if (operand.AsBool() != nullptr || operand.AsStr() != nullptr) return std::nullopt;
  const absl::StatusOr<uint64_t> bits = Self(call).info().From(call.context, operand);
  return bits.ok() ? std::make_optional(*bits) : std::nullopt;
}

template <uint64_t (*kOperation)(uint64_t left, uint64_t right)>
Result Combine(const MemberCall& call, Args args) {
  const std::optional<uint64_t> other = FlagsOf(call, args[0]);
  if (!other) return NotImplemented();
  return Self(call).info().To(kOperation(Self(call).bits(), *other));
}

uint64_t Or(uint64_t left, uint64_t right) { return left | right; }
uint64_t And(uint64_t left, uint64_t right) { return left & right; }
uint64_t Xor(uint64_t left, uint64_t right) { return left ^ right; }

Result Invert(const MemberCall& call, Args) {
  const EnumMember& self = Self(call);
  return self.info().To(self.info().all_flags() & ~self.bits());
}

Result HasFlag(const MemberCall& call, Args args) {
  const std::optional<uint64_t> other = FlagsOf(call, args[0]);
  if (!other) {
    return PyStatus("TypeError",
                    absl::StrCat("unsupported operand type for 'in': '", args[0].type_name(),
                                 "' and '", Self(call).type_name(), "'"));
  }
  return Value((Self(call).bits() & *other) == *other);
}

std::shared_ptr<const ClassInfo> MakeMemberClass(const std::string& name, const std::string& doc,
                                                 bool are_flags) {
  auto made = std::make_shared<ClassInfo>(name);
  made->set_doc(doc);
  made->Add(MemberProperty("name", "str", "The member's name.",
                           [](const MemberCall& call, Args) -> Result {
                             const std::string& shown = Self(call).name();
                             return shown.empty() ? Value() : Value(shown);
                           }));
  made->Add(
      MemberProperty("value", "int", "The member's number.",
                     [](const MemberCall& call, Args) -> Result { return Self(call).number(); }));
  const BuiltinBody number = [](const MemberCall& call, Args) -> Result {
    return Self(call).number();
  };
  made->Add(BuiltinMethod("__int__", {}, "", number));
  made->Add(BuiltinMethod("__index__", {}, "", number));
  made->Add(BuiltinMethod("__bool__", {}, "", [](const MemberCall& call, Args) -> Result {
    return Value(Self(call).bits() != 0);
  }));
  if (!are_flags) return made;
  made->Add(BuiltinMethod("__or__", Positional(1), "", Combine<Or>));
  made->Add(BuiltinMethod("__ror__", Positional(1), "", Combine<Or>));
  made->Add(BuiltinMethod("__and__", Positional(1), "", Combine<And>));
  made->Add(BuiltinMethod("__rand__", Positional(1), "", Combine<And>));
  made->Add(BuiltinMethod("__xor__", Positional(1), "", Combine<Xor>));
  made->Add(BuiltinMethod("__rxor__", Positional(1), "", Combine<Xor>));
  made->Add(BuiltinMethod("__invert__", {}, "", Invert));
  made->Add(BuiltinMethod("__contains__", Positional(1), "", HasFlag));
  return made;
}

// Shows the enumeration itself. Its class id differs from that of its members, since it has other
// methods, and clients of RPyC 4.1.0 make one proxy class of all objects that share an id.
class EnumClass : public Instance {
 public:
  EnumClass(const EnumInfo* info, std::shared_ptr<const ClassInfo> class_info)
      : Instance(std::move(class_info), nullptr), info_(*info) {}

  const EnumInfo& info() const { return info_; }
  bool is_class() const override { return true; }
  absl::StatusOr<bool> HasInstance(const CallContext&, const Object& other) override {
    const auto* member = dynamic_cast<const EnumMember*>(&other);
    return member != nullptr && &member->info() == &info_;
  }
  absl::StatusOr<std::string> Repr(const CallContext&) override {
    return absl::StrCat("<enum '", info_.short_name(), "'>");
  }
  AttributePresence Has(absl::string_view name) const override {
    if (IsName(name)) return {.plain = true, .special = true};
    return Instance::Has(name);
  }
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override {
    if (!attribute.exposed && IsName(attribute.name)) return Value(info_.short_name());
    return Instance::GetAttr(context, attribute);
  }

 private:
  static bool IsName(absl::string_view name) {
    return name == "__name__" || name == "__qualname__";
  }

  const EnumInfo& info_;
};

const EnumInfo& Enumeration(const MemberCall& call) {
  return static_cast<EnumClass*>(static_cast<Instance*>(call.object))->info();
}

Result IterateMembers(const MemberCall& call, Args) {
  std::vector<Value> all;
  for (const auto& member : Enumeration(call).members()) all.emplace_back(member);
  return Cast<Iterator>::To(Iterator(std::move(all)));
}

Result FindByName(const MemberCall& call, Args args) {
  const std::string* name = args[0].AsStr();
  std::shared_ptr<EnumMember> member =
      name == nullptr ? nullptr : Enumeration(call).FindName(*name);
  if (member == nullptr) return PyStatus(RemoteException{.name = "KeyError", .args = {args[0]}});
  return Value(std::move(member));
}

Result FindByValue(const MemberCall& call, Args args) {
  const absl::StatusOr<uint64_t> bits = Enumeration(call).From(call.context, args[0]);
  if (!bits.ok()) return bits.status();
  return Enumeration(call).To(*bits);
}

Result HasMember(const MemberCall& call, Args args) {
  if (args[0].AsStr() != nullptr) return Value(false);
  const absl::StatusOr<uint64_t> bits = Enumeration(call).From(call.context, args[0]);
  if (!bits.ok() && !IsPyStatus(bits.status(), "ValueError") &&
      !IsPyStatus(bits.status(), "TypeError")) {
    return bits.status();
  }
  return Value(bits.ok());
}

std::shared_ptr<ClassInfo> MakeEnumerationClass(const std::string& name, const std::string& doc) {
  auto made = std::make_shared<ClassInfo>(name);
  made->set_doc(doc);
  made->Add(BuiltinMethod("__iter__", {}, "", IterateMembers));
  made->Add(BuiltinMethod("__len__", {}, "", [](const MemberCall& call, Args) -> Result {
    return Value(static_cast<int64_t>(Enumeration(call).members().size()));
  }));
  made->Add(BuiltinMethod("__getitem__", Positional(1), "The member of a name.", FindByName));
  made->Add(BuiltinMethod("__contains__", Positional(1), "", HasMember));
  made->Add(BuiltinMethod("__call__", Positional(1), "The member of a value.", FindByValue));
  return made;
}

}  // namespace

EnumMember::EnumMember(const EnumInfo* info, std::string name, uint64_t bits)
    : NumberedObject(info->member_class(), nullptr),
      info_(*info),
      name_(std::move(name)),
      bits_(bits) {}

Value EnumMember::number() const { return info_.Number(bits_); }

absl::StatusOr<std::string> EnumMember::Str(const CallContext&) {
  if (name_.empty()) return absl::StrCat(info_.short_name(), "(", number().DebugString(), ")");
  return absl::StrCat(info_.short_name(), ".", name_);
}

absl::StatusOr<std::string> EnumMember::Repr(const CallContext&) {
  return absl::StrCat("<", info_.short_name(), name_.empty() ? "" : ".", name_, ": ",
                      number().DebugString(), ">");
}

absl::StatusOr<Value> EnumMember::Hash(const CallContext&) {
  const Value value = number();
  const int64_t* small = value.AsInt();
  if (small == nullptr) return Value(HashOfInt(bits_, false));
  const bool negative = *small < 0;
  return Value(HashOfInt(
      negative ? uint64_t{0} - static_cast<uint64_t>(*small) : static_cast<uint64_t>(*small),
      negative));
}

absl::StatusOr<Value> EnumMember::Compare(const CallContext& context, absl::string_view op,
                                          const Value& other) {
  if (IsRealNumber(other)) return Value(Holds(op, CompareNumbers(number(), other)));
  if (const NumberedObject* numbered = AsNumbered(other)) {
    return Value(Holds(op, CompareNumbers(number(), numbered->number())));
  }
  if (other.AsObject() == nullptr) return Value(NotImplemented());
  const absl::StatusOr<Value> asked = cast_internal::AskInt(context, other);
  if (asked.ok()) return Value(Holds(op, CompareNumbers(number(), *asked)));
  if (IsPyStatus(asked.status(), "TypeError")) return Value(NotImplemented());
  return asked.status();
}

EnumInfo::EnumInfo(absl::string_view name, bool is_signed) : name_(name), is_signed_(is_signed) {}

void EnumInfo::set_doc(absl::string_view doc) { doc_ = std::string(doc); }

void EnumInfo::Add(absl::string_view name, uint64_t bits) {
  const std::string owner = absl::StrCat("the enum ", name_);
  RequireFieldName(owner, name);
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
    EndByMistake(owner, absl::StrCat("it has two members named ", name));
  }
  names_.emplace_back(name);
  bits_.push_back(bits);
}

void EnumInfo::Finish() {
  RPYC_ASSERT(class_object_ == nullptr);
  if (names_.empty()) {
    EndByMistake(absl::StrCat("the enum ", name_), "it lists no members");
  }
  member_class_ = MakeMemberClass(name_, doc_, are_flags_);
  std::shared_ptr<ClassInfo> shown = MakeEnumerationClass(name_, doc_);
  for (size_t i = 0; i < names_.size(); ++i) {
    std::shared_ptr<EnumMember>& member = by_bits_[bits_[i]];
    if (member == nullptr) {
      member = std::make_shared<EnumMember>(this, names_[i], bits_[i]);
      members_.push_back(member);
      all_flags_ |= bits_[i];
    }
    by_name_[names_[i]] = member;
    Member attribute;
    attribute.name = names_[i];
    attribute.kind = MemberKind::kProperty;
    attribute.signature.return_type = short_name();
    attribute.body = [member](const Member&, const MemberCall&, Args) -> Result {
      return Value(member);
    };
    shown->Add(std::move(attribute));
  }
  class_object_ = std::make_shared<EnumClass>(this, std::move(shown));
}

Value EnumInfo::Number(uint64_t bits) const {
  return is_signed_ ? Value(static_cast<int64_t>(bits)) : UintTo(bits);
}

std::shared_ptr<EnumMember> EnumInfo::FindName(absl::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::shared_ptr<EnumMember> EnumInfo::FindBits(uint64_t bits) const {
  const auto found = by_bits_.find(bits);
  if (found != by_bits_.end()) return found->second;
  if (!are_flags_ || (bits & ~all_flags_) != 0) return nullptr;
  // The name has as few members as their order allows; if those overlap, it has all that the value
  // contains.
  std::vector<absl::string_view> names;
  uint64_t left = bits;
  for (const auto& member : members_) {
    if (member->bits() == 0 || (left & member->bits()) != member->bits()) continue;
    names.push_back(member->name());
    left &= ~member->bits();
  }
  if (left != 0) {
    names.clear();
    for (const auto& member : members_) {
      if (member->bits() == 0 || (bits & member->bits()) != member->bits()) continue;
      names.push_back(member->name());
      left &= ~member->bits();
    }
  }
  if (left != 0) return nullptr;
  return std::make_shared<EnumMember>(this, absl::StrJoin(names, "|"), bits);
}

std::string EnumInfo::Listed() const {
  std::string text;
  const size_t count = std::min(members_.size(), kMaxListedMembers);
  for (size_t i = 0; i < count; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", members_[i]->name(), " (",
                    members_[i]->number().DebugString(), ")");
  }
  if (count < members_.size()) absl::StrAppend(&text, " and ", members_.size() - count, " more");
  return text;
}

absl::Status EnumInfo::NoMember(absl::string_view shown,
                                std::optional<absl::string_view> name) const {
  return PyStatus("ValueError", absl::StrCat(shown, " is no member of ", short_name(), ": ",
                                             Listed(), name ? DidYouMean(*name, names_) : ""));
}

absl::StatusOr<uint64_t> EnumInfo::FromNumber(const Value& number) const {
  std::optional<uint64_t> bits;
  if (const bool* b = number.AsBool()) {
    bits = *b ? 1 : 0;
  } else if (const int64_t* i = number.AsInt()) {
    if (is_signed_ || *i >= 0) bits = static_cast<uint64_t>(*i);
  } else if (!is_signed_ && number.AsBigInt() != nullptr) {
    const absl::StatusOr<uint64_t> wide =
        UintFrom(CallContext(), number, std::numeric_limits<uint64_t>::max());
    if (wide.ok()) bits = *wide;
  }
  if (bits && FindBits(*bits) != nullptr) return *bits;
  return NoMember(number.DebugString(40), std::nullopt);
}

absl::StatusOr<uint64_t> EnumInfo::FromName(const std::string& text) const {
  const Value shown(text);
  if (!are_flags_) {
    const std::shared_ptr<EnumMember> member = FindName(text);
    if (member == nullptr) return NoMember(shown.DebugString(40), text);
    return member->bits();
  }
  if (text.size() > kMaxFlagsBytes) return NoMember(shown.DebugString(40), std::nullopt);
  uint64_t bits = 0;
  for (const absl::string_view name : absl::StrSplit(text, '|')) {
    const std::shared_ptr<EnumMember> member = FindName(absl::StripAsciiWhitespace(name));
    if (member == nullptr) return NoMember(shown.DebugString(40), name);
    bits |= member->bits();
  }
  return bits;
}

absl::StatusOr<uint64_t> EnumInfo::From(const CallContext& context, const Value& value) const {
  if (const std::string* text = value.AsStr()) return FromName(*text);
  if (value.AsInt() != nullptr || value.AsBigInt() != nullptr) return FromNumber(value);
  const std::string expected =
      absl::StrCat("a member of ", short_name(), " (its name, or its number)");
  const std::shared_ptr<Object>* const object = value.AsObject();
  if (object == nullptr) return WrongType(expected, value, Listed());
  if (const auto* member = dynamic_cast<const EnumMember*>(object->get())) {
    if (&member->info() == this) return member->bits();
    return WrongType(expected, value, Listed());
  }
  // If another connection gave the peer a member of ours, its class has this name.
  const auto* netref = dynamic_cast<const NetrefObject*>(object->get());
  if (netref != nullptr && netref->IsNamedLikeOurs() && value.type_name() != name_) {
    return WrongType(expected, value, Listed());
  }
  absl::StatusOr<Value> asked = cast_internal::AskInt(context, value);
  if (asked.ok()) return FromNumber(*asked);
  if (!IsPyStatus(asked.status(), "TypeError")) return std::move(asked).status();
  asked = cast_internal::AskText(context, value);
  if (asked.ok()) return FromName(*asked->AsStr());
  if (!IsPyStatus(asked.status(), "TypeError")) return std::move(asked).status();
  return WrongType(expected, value, Listed());
}

Value EnumInfo::To(uint64_t bits) const {
  std::shared_ptr<EnumMember> member = FindBits(bits);
  if (member == nullptr) {
    throw ValueError(absl::StrCat("the C++ value ", Number(bits).DebugString(), " is no member of ",
                                  short_name(), ": ", Listed()));
  }
  return Value(std::shared_ptr<Object>(std::move(member)));
}

Value EnumInfo::ToNumber(uint64_t bits) const { return AsNumbered(To(bits))->number(); }

}  // namespace rpyc
