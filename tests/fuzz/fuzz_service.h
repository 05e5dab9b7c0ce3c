#ifndef TESTS_FUZZ_FUZZ_SERVICE_H_
#define TESTS_FUZZ_FUZZ_SERVICE_H_

#include <memory>
#include <vector>

#include "rpyc/service.h"
#include "rpyc/value.h"

namespace rpyc::fuzz {

// This is a service with something of everything: objects by reference that hold others,
// properties, special methods, iterators, failures, and functions that keep what the peer gives.
// Nothing in it waits or grows without bound. The whole program has one, since making it costs as
// much as fifty conversations.
class FuzzService {
 public:
  FuzzService();

  const Service& service() const { return service_; }
  // Lets go of what the peer gave, which may be, or hold, a method of this service. It returns
  // false if objects may live on all the same: the peer has had a list or dict, and could make some
  // that hold each other, which are never freed (see List).
  bool Forget();
  // Returns the names of the exposed functions of the root.
  static const std::vector<const char*>& MethodNames();
  // Returns how many objects of ours live, of all services.
  static int live_objects();

 private:
  struct Kept;

  Service service_;
  const std::shared_ptr<Kept> kept_;
};

}  // namespace rpyc::fuzz

#endif  // TESTS_FUZZ_FUZZ_SERVICE_H_
