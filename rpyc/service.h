#ifndef RPYC_SERVICE_H_
#define RPYC_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/authenticator.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/instance.h"
#include "rpyc/bind/method.h"
#include "rpyc/bind/property.h"
#include "rpyc/bind/translation.h"
#include "rpyc/call_context.h"
#include "rpyc/call_policy.h"
#include "rpyc/cast/listener.h"  // so that a service may take one
#include "rpyc/cast/object.h"

namespace rpyc {

class SharedObjects;

// A named root object that clients reach as conn.root.
//
//   rpyc::Service calculator = rpyc::Service("CALCULATOR")
//       .Expose("add", [](int64_t a, int64_t b) { return a + b; }, rpyc::Arg("a"), rpyc::Arg("b"));
//   rpyc::Service bank = rpyc::Service::Of<Bank>("BANK");             // a root per connection
//   rpyc::Service one = rpyc::Service::Shared("BANK", the_bank);      // one root for all
//
// A handle: copies share the definition. Complete it before a server uses it; from then on it is
// read by many threads and must not change.
class Service {
 public:
  // A service made of functions. `name` is upper-cased, as RPyC does.
  explicit Service(absl::string_view name);
  // A service whose root is a T, made anew for each connection.
  template <typename T>
  static Service Of(absl::string_view name) {
    return Service(name, ClassOf<T>(), [] { return std::shared_ptr<void>(std::make_shared<T>()); });
  }
  // A service whose root is `root` for every connection; T must be safe for many threads, or the
  // service Serialized. As everywhere, a T that is of a known derived class is that to Python.
  template <typename T>
  static Service Shared(absl::string_view name, std::shared_ptr<T> root) {
    return Service(name, Cast<std::shared_ptr<T>>::To(std::move(root)));
  }

  // Exposes `callable` (a lambda, a function, a rpyc::Class<T>()) as `name`. `extras` are
  // rpyc::Arg("name") for the parameters, in order, and at most one docstring. Several functions of
  // one name are overloads: see ClassDef::Expose.
  template <typename F, typename... Extras>
  Service& Expose(absl::string_view name, F callable, Extras&&... extras) & {
    class_->Add(MakeMember<void>(name, std::move(callable), std::forward<Extras>(extras)...));
    return *this;
  }
  template <typename F, typename... Extras>
  Service&& Expose(absl::string_view name, F callable, Extras&&... extras) && {
    return std::move(Expose(name, std::move(callable), std::forward<Extras>(extras)...));
  }
  // Exposes what `getter` returns as an attribute. No peer can set an attribute of a root.
  template <typename G, typename... Extras>
  Service& Property(absl::string_view name, G getter, Extras&&... extras) & {
    class_->Add(MakeProperty<void>(name, std::move(getter), std::forward<Extras>(extras)...));
    return *this;
  }
  template <typename G, typename... Extras>
  Service&& Property(absl::string_view name, G getter, Extras&&... extras) && {
    return std::move(Property(name, std::move(getter), std::forward<Extras>(extras)...));
  }
  Service& Doc(absl::string_view doc) &;
  Service&& Doc(absl::string_view doc) && { return std::move(Doc(doc)); }
  // Adds a further name by which clients and registries may know it.
  Service& Alias(absl::string_view name) &;
  Service&& Alias(absl::string_view name) && { return std::move(Alias(name)); }

  // Has exceptions of class E, and of classes derived from it, go out as `python_class`: a builtin
  // exception, or one with its module. Of several that fit a thrown one the most derived wins.
  //
  //   service.Translate<LimitError>("lab.LimitError",
  //                                 rpyc::ErrorAttribute("limit", &LimitError::limit));
  //
  // Its arguments are what(), or rpyc::ErrorArgs(getter, ...). Attributes go by value. With
  // rpyc::Rebuild(function) it comes back as well: what this end's Netrefs raise of that class,
  // in as<T>(), is thrown as the E that `function` makes of the const RemoteError&, which is nested
  // in it (std::rethrow_if_nested). A client has it by ClientOptions::service.
  // A name that Python could not have ends the program. Of two for one E the later holds.
  template <typename E, typename... Parts>
  Service& Translate(absl::string_view python_class, Parts... parts) & {
    AddTranslation(MakeTranslation<E>(python_class, std::move(parts)...));
    return *this;
  }
  template <typename E, typename... Parts>
  Service&& Translate(absl::string_view python_class, Parts... parts) && {
    return std::move(Translate<E>(python_class, std::move(parts)...));
  }

  // Runs `hook` when a connection has been made, before its first request, or has gone; after, or
  // before, the hooks of the root's class. It takes a const rpyc::CallContext& or nothing. A hook
  // of a new connection that throws ends the connection.
  template <typename F>
  Service& OnConnect(F hook) & {
    class_->AddOnConnect(MakeHook<void>("on_connect", std::move(hook)));
    return *this;
  }
  template <typename F>
  Service&& OnConnect(F hook) && {
    return std::move(OnConnect(std::move(hook)));
  }
  template <typename F>
  Service& OnDisconnect(F hook) & {
    class_->AddOnDisconnect(MakeHook<void>("on_disconnect", std::move(hook)));
    return *this;
  }
  template <typename F>
  Service&& OnDisconnect(F hook) && {
    return std::move(OnDisconnect(std::move(hook)));
  }

  // Runs one call of the service at a time, over all connections. While a call waits for its peer,
  // in a callback, others run.
  Service& Serialized() &;
  Service&& Serialized() && { return std::move(Serialized()); }
  // Runs the service's calls by `executor`, on the program's own loop or thread; the connection
  // waits. A call that the executor drops is a RuntimeError.
  Service& RunOn(Executor executor) &;
  Service&& RunOn(Executor executor) && { return std::move(RunOn(std::move(executor))); }

  // Lets an object that one connection has handed out be an argument on another one of this
  // service, as with RPyC: clients with a connection a thread, or a pool of them, pass objects
  // about. A peer can name an object only if it holds it: see docs/adr/0016. Connections that have
  // processes of their own share nothing.
  Service& SharesObjects() &;
  Service&& SharesObjects() && { return std::move(SharesObjects()); }

  // Has every connection authenticated before RPyC begins, however the server was started: see
  // rpyc/token_authenticator.h and rpyc/unix_peer_authenticator.h. The last call counts.
  Service& AuthenticatedBy(std::shared_ptr<const Authenticator> authenticator) &;
  Service&& AuthenticatedBy(std::shared_ptr<const Authenticator> authenticator) && {
    return std::move(AuthenticatedBy(std::move(authenticator)));
  }

  const std::string& name() const;                  // aliases().front()
  const std::vector<std::string>& aliases() const;  // upper case, never empty
  const ClassInfo& root_class() const { return *class_; }

  // The rest is for the connection, which calls what runs user code within a Run of its CallRunner.

  // This is null without Serialized and RunOn.
  const std::shared_ptr<CallPolicy>& call_policy() const { return call_policy_; }
  // This is null without SharesObjects.
  const std::shared_ptr<SharedObjects>& shared_objects() const { return shared_objects_; }
  // This is null without AuthenticatedBy.
  const std::shared_ptr<const Authenticator>& authenticator() const { return authenticator_; }
  // This is null without Translate.
  const std::shared_ptr<ErrorTranslations>& translations() const { return translations_; }
  // Makes a root for a new connection. This runs the user's constructor: an exception becomes a
  // PyStatus.
  absl::StatusOr<std::shared_ptr<Object>> MakeRoot() const;
  // Whether a connection needs its root, to run hooks on, before a peer asks for it.
  bool has_hooks() const;
  // Runs the hooks. `root` is what MakeRoot made for this connection. The first that fails ends
  // RunOnConnect; all of RunOnDisconnect run.
  // Errors:  a PyStatus, what the first failed one threw.
  absl::Status RunOnConnect(const CallContext& context, Object& root) const;
  absl::Status RunOnDisconnect(const CallContext& context, Object& root) const;

 private:
  using Factory = std::function<std::shared_ptr<void>()>;
  Service(absl::string_view name, std::shared_ptr<const ClassInfo> root_class, Factory factory);
  Service(absl::string_view name, const Value& root);  // an Instance, which all connections share
  void AddRootMembers();                               // what RPyC's Service exposes on every root
  CallPolicy& MutablePolicy();
  void AddTranslation(Translation translation);

  std::shared_ptr<std::vector<std::string>> aliases_;
  std::shared_ptr<ClassInfo> class_;  // the root's: the user's members and get_service_name, ...
  Factory factory_;
  std::shared_ptr<CallPolicy> call_policy_;
  std::shared_ptr<SharedObjects> shared_objects_;
  std::shared_ptr<ErrorTranslations> translations_;
  std::shared_ptr<const Authenticator> authenticator_;
};

}  // namespace rpyc

#endif  // RPYC_SERVICE_H_
