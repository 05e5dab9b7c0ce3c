#ifndef RPYC_LIST_OBJECT_H_
#define RPYC_LIST_OBJECT_H_

#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/container.h"
#include "rpyc/list.h"

namespace rpyc {

// A List as Python sees it.
class ListObject : public Container {
 public:
  explicit ListObject(const List& list) : Container(Class(), list.data_) {}

  Kind kind() const override { return Kind::kList; }
  std::vector<Value> Snapshot() const override { return Handle(self()).Snapshot(); }

  // The list that a method is called on.
  static List Handle(const std::shared_ptr<void>& self) {
    return List(std::static_pointer_cast<List::Data>(self));
  }
  // Runs `edit` under the list's lock. It puts what it takes out into `dropped`, which is destroyed
  // after the lock is released: destructors are user code.
  static absl::Status Edit(
      const List& list,
      absl::FunctionRef<absl::Status(std::vector<Value>* items, std::vector<Value>* dropped)> edit);

 private:
  static const std::shared_ptr<const ClassInfo>& Class();  // in list_methods.cc
};

}  // namespace rpyc

#endif  // RPYC_LIST_OBJECT_H_
