#ifndef RPYC_DICT_OBJECT_H_
#define RPYC_DICT_OBJECT_H_

#include <memory>
#include <utility>
#include <vector>

#include "rpyc/bind/class_info.h"
#include "rpyc/container.h"
#include "rpyc/dict.h"

namespace rpyc {

// A Dict as Python sees it.
class DictObject : public Container {
 public:
  explicit DictObject(const Dict& dict) : Container(Class(), dict.data_) {}

  Kind kind() const override { return Kind::kDict; }
  std::vector<Value> Snapshot() const override {
    std::vector<Value> items;
    for (auto& [key, value] : Handle(self()).Snapshot()) {
      items.push_back(std::move(key));
      items.push_back(std::move(value));
    }
    return items;
  }

  // The dict that a method is called on.
  static Dict Handle(const std::shared_ptr<void>& self) {
    return Dict(std::static_pointer_cast<Dict::Data>(self));
  }
  static Dict::Data& Data(const std::shared_ptr<void>& self) {
    return *static_cast<Dict::Data*>(self.get());
  }

 private:
  static const std::shared_ptr<const ClassInfo>& Class();  // in dict_methods.cc
};

}  // namespace rpyc

#endif  // RPYC_DICT_OBJECT_H_
