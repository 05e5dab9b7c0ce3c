#ifndef RPYC_BIND_TESTING_EXPOSED_OBJECT_H_
#define RPYC_BIND_TESTING_EXPOSED_OBJECT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "rpyc/cast/object.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

// These functions use an exposed object as a peer does, without a connection.
namespace rpyc::testing {

inline const CallContext kNoCaller;

template <typename T>
Value ToValue(std::shared_ptr<T> object) {
  return Cast<std::shared_ptr<T>>::To(std::move(object));
}
inline std::shared_ptr<Object> ObjectOf(const absl::StatusOr<Value>& value) {
  return *value->AsObject();
}
template <typename T>
std::shared_ptr<Object> ToObject(std::shared_ptr<T> object) {
  return ObjectOf(ToValue(std::move(object)));
}

inline absl::StatusOr<Value> Call(const std::shared_ptr<Object>& object, absl::string_view name,
                                  std::vector<Value> positional = {},
                                  std::vector<std::pair<std::string, Value>> keyword = {}) {
  return object->CallAttr(kNoCaller, {name, true}, {std::move(positional), std::move(keyword)});
}
inline absl::StatusOr<Value> Get(const std::shared_ptr<Object>& object, absl::string_view name) {
  return object->GetAttr(kNoCaller, {name, true});
}
inline absl::Status Set(const std::shared_ptr<Object>& object, absl::string_view name,
                        Value value) {
  return object->SetAttr(kNoCaller, {name, true}, std::move(value));
}

// Returns a function's signature; asks for it as help() does (see rpyc/bind/function_object.cc).
inline Value HelpSignatureObject(const Value& function) {
  Object& object = **function.AsObject();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(object.GetAttr(kNoCaller, {"__name__", false}).ok());
  EXPECT_FALSE(object.GetAttr(kNoCaller, {"__self__", false}).ok());
  return *object.GetAttr(kNoCaller, {"__signature__", false});
}
// Returns the text that help() shows of the signature.
inline std::string HelpSignature(const Value& function) {
  return *ObjectOf(HelpSignatureObject(function))->Str(kNoCaller);
}

}  // namespace rpyc::testing

#endif  // RPYC_BIND_TESTING_EXPOSED_OBJECT_H_
