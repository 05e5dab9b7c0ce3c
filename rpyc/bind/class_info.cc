#include "rpyc/bind/class_info.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/bind/definition.h"
#include "rpyc/bind/overloads.h"
#include "rpyc/bind/python_name.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

MemberBody OnBase(MemberBody body, Upcast upcast) {
  if (!body) return body;
  return [body = std::move(body), upcast](const Member& member, const MemberCall& call,
                                          absl::Span<Value> args) {
    return body(member, {call.context, upcast(call.self), call.object, call.mismatch}, args);
  };
}

// Makes a base's member run on an object of a derived class.
std::shared_ptr<const Member> Inherited(const std::shared_ptr<const Member>& member,
                                        Upcast upcast) {
  if (upcast == nullptr || !member->needs_object) return member;
  auto inherited = std::make_shared<Member>(*member);
  inherited->body = OnBase(std::move(inherited->body), upcast);
  inherited->setter = OnBase(std::move(inherited->setter), upcast);
  inherited->deleter = OnBase(std::move(inherited->deleter), upcast);
  return inherited;
}

// Ends the program if a default does not fit its parameter.
void CheckDefaults(const std::string& exposed, const Member& member) {
  for (const Parameter& parameter : member.signature.parameters) {
    if (!parameter.default_value || parameter.cpp_type == nullptr) continue;
    const absl::Status fits = parameter.cpp_type->accepts(*parameter.default_value);
    if (fits.ok()) continue;
    const RemoteException error = ToException(fits);
    EndByMistake(exposed, absl::StrCat("the default of argument '", parameter.name,
                                       "' is of the wrong type: ", error.Summary()));
  }
}

// Adds one more function to the earlier function or functions of the same name.
Member WithOverload(const std::shared_ptr<const Member>& earlier, Member added) {
  std::vector<std::shared_ptr<const Member>> functions = earlier->overloads;
  if (functions.empty()) functions.push_back(earlier);
  functions.push_back(std::make_shared<const Member>(std::move(added)));
  return Overloaded(std::move(functions));
}

// Stands in a class of const objects for a method that may change the object.
MemberBody RefusesConst() {
  return [](const Member& member, const MemberCall& call, absl::Span<Value>) {
    return absl::StatusOr<Value>(
        PyStatus("TypeError", absl::StrCat(member.name, " may change the object, and this '",
                                           call.object == nullptr ? "" : call.object->type_name(),
                                           "' object is read-only")));
  };
}

// Returns a member as an object that is const in C++ shows it.
std::shared_ptr<const Member> OfConst(const Member& member) {
  auto shown = std::make_shared<Member>(member);
  shown->setter = nullptr;
  shown->deleter = nullptr;
  if (member.may_change_object) shown->body = RefusesConst();
  return shown;
}

}  // namespace

ClassInfo::ClassInfo(absl::string_view name) : name_(name), class_id_(NewObjectId()) {}

void ClassInfo::Prepare(const Member& member) const {
  const std::string exposed = absl::StrCat(name_, ".", member.name);
  if (!member.mistake.empty()) EndByMistake(exposed, member.mistake);
  std::vector<ClassGetter> classes;
  if (member.held_class != nullptr) classes.push_back(member.held_class);
  if (member.add_classes != nullptr) member.add_classes(&classes);
  for (const ClassGetter get : classes) Definition::WhenComplete([get] { get(); });
  const bool has_default =
      std::any_of(member.signature.parameters.begin(), member.signature.parameters.end(),
                  [](const Parameter& parameter) { return parameter.default_value.has_value(); });
  if (has_default) {
    Definition::WhenComplete([exposed, member] { CheckDefaults(exposed, member); });
  }
}

void ClassInfo::Add(Member member) {
  if (!IsPythonName(member.name)) {
    EndByMistake(absl::StrCat("'", member.name, "' of ", name_),
                 "the name is no Python identifier");
  }
  Prepare(member);
  if (member.name == "__eq__") has_own_eq_ = true;
  if (member.name == "__hash__") has_own_hash_ = true;
  if (own_names_.insert(member.name).second) {
    AddShared(std::make_shared<const Member>(std::move(member)));
    return;
  }
  const auto earlier = std::find_if(members_.begin(), members_.end(),
                                    [&](const auto& m) { return m->name == member.name; });
  RPYC_ASSERT(earlier != members_.end());
  const std::string mistake = WhyNoOverload(**earlier, member);
  if (!mistake.empty()) EndByMistake(absl::StrCat(name_, ".", member.name), mistake);
  AddShared(std::make_shared<const Member>(WithOverload(*earlier, std::move(member))));
}

void ClassInfo::AddDefault(Member member) {
  Prepare(member);
  if (own_names_.contains(member.name)) return;
  if (member.name == "__eq__") has_own_eq_ = true;
  if (member.name == "__hash__") has_own_hash_ = true;
  AddShared(std::make_shared<const Member>(std::move(member)));
}

void ClassInfo::AddInit(Member init) {
  Prepare(init);
  if (init_ == nullptr) {
    init_ = std::make_shared<const Member>(std::move(init));
    return;
  }
  const std::string mistake = WhyNoOverload(*init_, init);
  if (!mistake.empty()) EndByMistake(absl::StrCat("the constructors of ", name_), mistake);
  init_ = std::make_shared<const Member>(WithOverload(init_, std::move(init)));
}

std::optional<bool> ClassInfo::FindHashability() const {
  if (original_ != nullptr) return original_->FindHashability();
  if (has_own_eq_ || has_own_hash_) return has_own_hash_;
  for (const Base& base : bases_) {
    if (const std::optional<bool> found = base.info->FindHashability()) return found;
  }
  return std::nullopt;
}

void ClassInfo::AddShared(std::shared_ptr<const Member> added) {
  const auto [entry, is_new] = by_name_.try_emplace(added->name, added.get());
  if (is_new) {
    members_.push_back(std::move(added));
    return;
  }
  const auto old =
      std::find_if(members_.begin(), members_.end(),
                   [replaced = entry->second](const auto& m) { return m.get() == replaced; });
  RPYC_ASSERT(old != members_.end());
  entry->second = added.get();
  *old = std::move(added);
}

void ClassInfo::AddBase(std::shared_ptr<const ClassInfo> base, Upcast upcast, Downcast downcast) {
  if (doc_.empty()) doc_ = base->doc_;
  for (const auto& member : base->members_) {
    if (Find(member->name) == nullptr) AddShared(Inherited(member, upcast));
  }
  for (const auto& hook : base->on_connect_) on_connect_.push_back(Inherited(hook, upcast));
  for (const auto& hook : base->on_disconnect_) on_disconnect_.push_back(Inherited(hook, upcast));
  bases_.push_back({std::move(base), upcast, downcast});
}

void ClassInfo::TellBases(const std::type_info& type,
                          const std::shared_ptr<const ClassInfo>* info) const {
  for (const Base& base : bases_) {
    if (base.downcast != nullptr) base.info->derived_.Add(type, info, base.downcast);
    base.info->ForgetDerived();
  }
}

void ClassInfo::ForgetDerived() const {
  derived_.Forget();
  for (const Base& base : bases_) base.info->ForgetDerived();
}

const Member* ClassInfo::Find(absl::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

void ClassInfo::AddOnConnect(Member hook) {
  Prepare(hook);
  on_connect_.push_back(std::make_shared<const Member>(std::move(hook)));
}

void ClassInfo::AddOnDisconnect(Member hook) {
  Prepare(hook);
  // What was set up last must be taken down first.
  on_disconnect_.insert(on_disconnect_.begin(), std::make_shared<const Member>(std::move(hook)));
}

bool ClassInfo::CastTo(const ClassInfo& target, std::shared_ptr<void>* self) const {
  if (&target == this) return true;
  for (const Base& base : bases_) {
    if (!base.info->IsA(target)) continue;
    if (base.upcast != nullptr) *self = base.upcast(*self);
    return base.info->CastTo(target, self);
  }
  return false;
}

bool ClassInfo::IsA(const ClassInfo& other) const {
  return &other == this || (original_ != nullptr && original_->IsA(other)) ||
         std::any_of(bases_.begin(), bases_.end(),
                     [&](const Base& base) { return base.info->IsA(other); });
}

std::shared_ptr<const ClassInfo> ClassInfo::ReadOnly(const std::shared_ptr<const ClassInfo>& info) {
  if (info->is_read_only()) return info;
  const ClassInfo* made = info->read_only_.load(std::memory_order_acquire);
  if (made == nullptr) {
    const Definition excludes_others;
    made = info->read_only_.load(std::memory_order_relaxed);
    if (made == nullptr) {
      auto shown = std::make_unique<ClassInfo>(info->name_);
      shown->original_ = info.get();
      shown->doc_ = info->doc_;
      for (const auto& member : info->members_) {
        const bool is_text = member->name == "__repr__" || member->name == "__str__";
        if (member->may_change_object && is_text) continue;
        shown->AddShared(OfConst(*member));
      }
      made = shown.get();
      RPYC_ASSERT(info->read_only_owner_ == nullptr);
      info->read_only_owner_ = std::move(shown);
      info->read_only_.store(made, std::memory_order_release);
    }
  }
  // The class that `made` shows owns it.
  return std::shared_ptr<const ClassInfo>(info, made);
}

const std::shared_ptr<const ClassInfo>& MakeClass(const ClassRecipe& recipe, ClassSlot* slot) {
  Definition definition;
  if (const auto* made = slot->load(std::memory_order_acquire)) return *made;
  // A class may need itself while its RpycExpose runs.
  static auto& unfinished =
      *new std::vector<std::pair<ClassSlot*, const std::shared_ptr<const ClassInfo>*>>;
  for (const auto& [its_slot, info] : unfinished) {
    if (its_slot == slot) return *info;
  }
  auto info = std::make_shared<ClassInfo>(absl::StrCat("cpp.", recipe.name()));
  const auto* kept = new std::shared_ptr<const ClassInfo>(info);
  unfinished.emplace_back(slot, kept);
  {
    const absl::Cleanup finished = [] { unfinished.pop_back(); };
    recipe.expose(info.get());
  }
  info->TellBases(recipe.type, kept);
  RPYC_ASSERT(slot->load() == nullptr);
  slot->store(kept, std::memory_order_release);
  definition.Complete();
  return *kept;
}

}  // namespace rpyc
