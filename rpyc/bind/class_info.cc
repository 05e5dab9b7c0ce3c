#include "rpyc/bind/class_info.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "rpyc/object.h"

namespace rpyc {

bool Member::is_special() const {
  return name.size() > 4 && absl::StartsWith(name, "__") && absl::EndsWith(name, "__");
}

ClassInfo::ClassInfo(absl::string_view name) : name_(name), class_id_(NewObjectId()) {}

ClassInfo::ClassInfo(absl::string_view name, const ClassInfo& other)
    : name_(name),
      class_id_(NewObjectId()),
      doc_(other.doc_),
      members_(other.members_),
      by_name_(other.by_name_) {}

void ClassInfo::Add(Member member) {
  auto added = std::make_shared<const Member>(std::move(member));
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

const Member* ClassInfo::Find(absl::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

}  // namespace rpyc
