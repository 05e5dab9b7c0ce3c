#ifndef RPYC_NUMBERED_OBJECT_H_
#define RPYC_NUMBERED_OBJECT_H_

#include "rpyc/bind/instance.h"
#include "rpyc/value.h"

namespace rpyc {

// An object of ours that is also an int, as a member of Python's IntEnum is: it equals its number
// and has its hash, so that a dict finds either by the other, and a copy by value is the number.
class NumberedObject : public Instance {
 public:
  using Instance::Instance;
  virtual Value number() const = 0;
};

// The numbered object that `value` refers to; nullptr if it is anything else.
inline const NumberedObject* AsNumbered(const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  return object == nullptr ? nullptr : dynamic_cast<const NumberedObject*>(object->get());
}

}  // namespace rpyc

#endif  // RPYC_NUMBERED_OBJECT_H_
