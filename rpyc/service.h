#ifndef RPYC_SERVICE_H_
#define RPYC_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/instance.h"
#include "rpyc/bind/method.h"

namespace rpyc {

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
    return Service(name, *ClassOf<T>(),
                   [] { return std::shared_ptr<void>(std::make_shared<T>()); });
  }
  // A service whose root is `root` for every connection; T must be safe for many threads.
  template <typename T>
  static Service Shared(absl::string_view name, std::shared_ptr<T> root) {
    return Service(name, *ClassOf<T>(), [root] { return std::shared_ptr<void>(root); });
  }

  // Exposes `callable` (a lambda or function) as `name`. `extras` are rpyc::Arg("name") for the
  // parameters, in order, and at most one docstring.
  template <typename F, typename... Extras>
  Service& Expose(absl::string_view name, F callable, Extras&&... extras) & {
    class_->Add(MakeMethod<void>(name, std::move(callable), std::forward<Extras>(extras)...));
    return *this;
  }
  template <typename F, typename... Extras>
  Service&& Expose(absl::string_view name, F callable, Extras&&... extras) && {
    return std::move(Expose(name, std::move(callable), std::forward<Extras>(extras)...));
  }
  Service& Doc(absl::string_view doc) &;
  Service&& Doc(absl::string_view doc) && { return std::move(Doc(doc)); }
  // A further name clients and registries may know it by.
  Service& Alias(absl::string_view name) &;
  Service&& Alias(absl::string_view name) && { return std::move(Alias(name)); }

  const std::string& name() const;                  // aliases().front()
  const std::vector<std::string>& aliases() const;  // upper case, never empty
  const ClassInfo& root_class() const { return *class_; }

  // A root for a new connection. Runs the user's constructor: an exception becomes a PyStatus.
  absl::StatusOr<std::shared_ptr<Object>> MakeRoot() const;

 private:
  using Factory = std::function<std::shared_ptr<void>()>;
  Service(absl::string_view name, const ClassInfo& root_class, Factory factory);
  void AddRootMembers();  // what RPyC's Service exposes on every root

  std::shared_ptr<std::vector<std::string>> aliases_;
  std::shared_ptr<ClassInfo> class_;  // the root's: the user's members and get_service_name, ...
  Factory factory_;
};

}  // namespace rpyc

#endif  // RPYC_SERVICE_H_
