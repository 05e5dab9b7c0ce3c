#ifndef RPYC_CAST_UNIQUE_PTR_H_
#define RPYC_CAST_UNIQUE_PTR_H_

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "rpyc/cast/cast.h"
#include "rpyc/cast/object.h"

namespace rpyc {

// This converts only from C++ to Python: from then on the object that Python holds owns this one. A
// null pointer becomes None.
template <typename T, typename D>
struct Cast<std::unique_ptr<T, D>, std::enable_if_t<Exposed<T>>> {
  static Value To(std::unique_ptr<T, D> object) {
    return Cast<std::shared_ptr<T>>::To(std::shared_ptr<T>(std::move(object)));
  }
  static std::string Name() { return Cast<std::shared_ptr<T>>::Name(); }
};

}  // namespace rpyc

#endif  // RPYC_CAST_UNIQUE_PTR_H_
