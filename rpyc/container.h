#ifndef RPYC_CONTAINER_H_
#define RPYC_CONTAINER_H_

#include <vector>

#include "rpyc/bind/instance.h"
#include "rpyc/value.h"

namespace rpyc {

// A List or Dict as an object: repr, comparison and conversion read it without asking.
class Container : public Instance {
 public:
  enum class Kind { kList, kDict };

  using Instance::Instance;
  virtual Kind kind() const = 0;
  // A list's items; a dict's keys and values by turns.
  virtual std::vector<Value> Snapshot() const = 0;
};

// The container that `value` refers to; nullptr if it is anything else.
inline const Container* AsContainer(const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  return object == nullptr ? nullptr : dynamic_cast<const Container*>(object->get());
}

}  // namespace rpyc

#endif  // RPYC_CONTAINER_H_
