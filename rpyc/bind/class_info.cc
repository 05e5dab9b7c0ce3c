#include "rpyc/bind/class_info.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace rpyc {
namespace {

MemberBody OnBase(MemberBody body, Upcast upcast) {
  if (!body) return body;
  return [body = std::move(body), upcast](const Member& member, const MemberCall& call,
                                          absl::Span<Value> args) {
    return body(member, {call.context, upcast(call.self), call.object}, args);
  };
}

// A base's member, to be run on an object of a class derived from it.
std::shared_ptr<const Member> Inherited(const std::shared_ptr<const Member>& member,
                                        Upcast upcast) {
  if (upcast == nullptr || !member->needs_object) return member;
  auto inherited = std::make_shared<Member>(*member);
  inherited->body = OnBase(std::move(inherited->body), upcast);
  inherited->setter = OnBase(std::move(inherited->setter), upcast);
  inherited->deleter = OnBase(std::move(inherited->deleter), upcast);
  return inherited;
}

}  // namespace

bool Member::is_special() const {
  return name.size() > 4 && absl::StartsWith(name, "__") && absl::EndsWith(name, "__");
}

ClassInfo::ClassInfo(absl::string_view name) : name_(name), class_id_(NewObjectId()) {}

AttributePresence Member::Presence() const {
  const bool exposed = visibility == Visibility::kExposed;
  if (is_special()) return {.exposed = false, .plain = true, .special = exposed};
  return {.exposed = exposed, .plain = !exposed};
}

void ClassInfo::Add(Member member) {
  if (member.name == "__eq__") has_own_eq_ = true;
  if (member.name == "__hash__") has_own_hash_ = true;
  AddShared(std::make_shared<const Member>(std::move(member)));
}

std::optional<bool> ClassInfo::FindHashability() const {
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
  entry->second = added.get();
  *old = std::move(added);
}

void ClassInfo::AddBase(std::shared_ptr<const ClassInfo> base, Upcast upcast) {
  if (doc_.empty()) doc_ = base->doc_;
  for (const auto& member : base->members_) {
    if (Find(member->name) == nullptr) AddShared(Inherited(member, upcast));
  }
  for (const auto& hook : base->on_connect_) on_connect_.push_back(Inherited(hook, upcast));
  for (const auto& hook : base->on_disconnect_) on_disconnect_.push_back(Inherited(hook, upcast));
  bases_.push_back({std::move(base), upcast});
}

const Member* ClassInfo::Find(absl::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

void ClassInfo::AddOnConnect(Member hook) {
  on_connect_.push_back(std::make_shared<const Member>(std::move(hook)));
}

void ClassInfo::AddOnDisconnect(Member hook) {
  // What was set up last is taken down first.
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
  return &other == this || std::any_of(bases_.begin(), bases_.end(),
                                       [&](const Base& base) { return base.info->IsA(other); });
}

}  // namespace rpyc
