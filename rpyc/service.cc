#include "rpyc/service.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rpyc/bind/definition.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/cast/object.h"
#include "rpyc/errors.h"
#include "rpyc/limits.h"
#include "rpyc/materialize.h"
#include "rpyc/shared_objects.h"

namespace rpyc {
namespace {

// No peer may change a root's attributes, whatever the configuration allows.
// Source:  RPyC core/service.py, Service._rpyc_setattr and _rpyc_delattr, 5.3.1 and 6.0.2.
class Root : public Instance {
 public:
  using Instance::Instance;
  std::optional<absl::StatusOr<AttributeRef>> OwnRule(Access access,
                                                      absl::string_view) const override {
    if (access == Access::kGet) return std::nullopt;
    return PyStatus("AttributeError", "access denied");
  }
};

const Instance& InstanceOf(absl::string_view service, const Value& root) {
  if (root.AsObject() == nullptr) {
    EndByMistake(absl::StrCat("the service ", service), "the shared object is null");
  }
  return static_cast<const Instance&>(**root.AsObject());
}

absl::Status RunHook(const Member& hook, const CallContext& context, Object& root) {
  return Invoke(hook, hook.body, {context, static_cast<Instance&>(root).self(), &root}, {})
      .status();
}

}  // namespace

Service::Service(absl::string_view name)
    : aliases_(std::make_shared<std::vector<std::string>>(1, absl::AsciiStrToUpper(name))),
      class_(std::make_shared<ClassInfo>(absl::StrCat("cpp.", aliases_->front()))) {
  AddRootMembers();
}

Service::Service(absl::string_view name, std::shared_ptr<const ClassInfo> root_class,
                 Factory factory)
    : aliases_(std::make_shared<std::vector<std::string>>(1, absl::AsciiStrToUpper(name))),
      class_(std::make_shared<ClassInfo>(root_class->name())),
      factory_(std::move(factory)) {
  class_->AddBase(std::move(root_class), nullptr);
  AddRootMembers();
}

Service::Service(absl::string_view name, const Value& root)
    : Service(name, InstanceOf(name, root).shared_class(),
              [self = InstanceOf(name, root).self()] { return self; }) {}

void Service::AddRootMembers() {
  const auto add = [this](Member member) {
    if (class_->Find(member.name) == nullptr) class_->AddDefault(std::move(member));
  };
  add(MakeMethod<void>(
      "get_service_name", [aliases = aliases_] { return aliases->front(); },
      "The service's name: its first alias."));
  add(MakeMethod<void>(
      "get_service_aliases", [aliases = aliases_] { return *aliases; },
      "All names the service is known by."));
  add(MakeMethod<void>(
      "materialize",
      [](const CallContext& context, const Value& value) {
        return Materialize(context, value, Limits(), context.access_rules());
      },
      Arg("obj"), "A copy of obj by value: nested tuples, pairs for dicts and attributes."));
}

Service& Service::Doc(absl::string_view doc) & {
  class_->set_doc(doc);
  return *this;
}

Service& Service::Alias(absl::string_view name) & {
  aliases_->push_back(absl::AsciiStrToUpper(name));
  return *this;
}

CallPolicy& Service::MutablePolicy() {
  if (call_policy_ == nullptr) call_policy_ = std::make_shared<CallPolicy>();
  return *call_policy_;
}

void Service::AddTranslation(Translation translation) {
  if (translations_ == nullptr) translations_ = std::make_shared<ErrorTranslations>();
  translation.cpp_class = ShortTypeName(*translation.type);
  translations_->Add(std::move(translation), absl::StrCat("service ", name()));
}

Service& Service::SharesObjects() & {
  if (shared_objects_ == nullptr) shared_objects_ = std::make_shared<SharedObjects>();
  return *this;
}

Service& Service::Serialized() & {
  MutablePolicy().serialized = true;
  return *this;
}

Service& Service::RunOn(Executor executor) & {
  MutablePolicy().executor = std::move(executor);
  return *this;
}

Service& Service::AuthenticatedBy(std::shared_ptr<const Authenticator> authenticator) & {
  authenticator_ = std::move(authenticator);
  return *this;
}

const std::string& Service::name() const { return aliases_->front(); }

const std::vector<std::string>& Service::aliases() const { return *aliases_; }

absl::StatusOr<std::shared_ptr<Object>> Service::MakeRoot() const {
  std::shared_ptr<void> self;
  if (factory_) {
    absl::Status made = Guarded([&] { self = factory_(); }, translations_.get());
    if (!made.ok()) return made;
  }
  return std::make_shared<Root>(class_, std::move(self));
}

bool Service::has_hooks() const {
  return !class_->on_connect().empty() || !class_->on_disconnect().empty();
}

absl::Status Service::RunOnConnect(const CallContext& context, Object& root) const {
  for (const auto& hook : class_->on_connect()) {
    absl::Status status = RunHook(*hook, context, root);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Service::RunOnDisconnect(const CallContext& context, Object& root) const {
  absl::Status first;
  for (const auto& hook : class_->on_disconnect()) first.Update(RunHook(*hook, context, root));
  return first;
}

}  // namespace rpyc
