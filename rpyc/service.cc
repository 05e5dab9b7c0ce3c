#include "rpyc/service.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rpyc/bind/invoke.h"

namespace rpyc {

Service::Service(absl::string_view name)
    : aliases_(std::make_shared<std::vector<std::string>>(1, absl::AsciiStrToUpper(name))),
      class_(std::make_shared<ClassInfo>(absl::StrCat("cpp.", aliases_->front()))) {
  AddRootMembers();
}

Service::Service(absl::string_view name, const ClassInfo& root_class, Factory factory)
    : aliases_(std::make_shared<std::vector<std::string>>(1, absl::AsciiStrToUpper(name))),
      class_(std::make_shared<ClassInfo>(root_class.name(), root_class)),
      factory_(std::move(factory)) {
  AddRootMembers();
}

void Service::AddRootMembers() {
  class_->Add(MakeMethod<void>(
      "get_service_name", [aliases = aliases_] { return aliases->front(); },
      "The service's name: its first alias."));
  class_->Add(MakeMethod<void>(
      "get_service_aliases", [aliases = aliases_] { return *aliases; },
      "All names the service is known by."));
}

Service& Service::Doc(absl::string_view doc) & {
  class_->set_doc(doc);
  return *this;
}

Service& Service::Alias(absl::string_view name) & {
  aliases_->push_back(absl::AsciiStrToUpper(name));
  return *this;
}

const std::string& Service::name() const { return aliases_->front(); }

const std::vector<std::string>& Service::aliases() const { return *aliases_; }

absl::StatusOr<std::shared_ptr<Object>> Service::MakeRoot() const {
  std::shared_ptr<void> self;
  if (factory_) {
    absl::Status made = Guarded([&] { self = factory_(); });
    if (!made.ok()) return made;
  }
  return std::make_shared<Instance>(class_, std::move(self));
}

}  // namespace rpyc
