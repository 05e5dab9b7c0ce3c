#ifndef CLIENT_STUB_H_
#define CLIENT_STUB_H_

#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/async_result.h"
#include "rpyc/netref.h"

namespace rpyc {

// The base of a C++ type for an object of the peer. Such a type is written by hand:
//
//   struct Calculator : rpyc::Stub {
//     using Stub::Stub;
//     rpyc::Method<int(int, int)> add{this, "add"};
//     rpyc::Method<absl::StatusOr<double>(double)> invert{this, "invert"};   // does not throw
//     rpyc::Attribute<std::string> owner{this, "owner"};
//   };
//   Calculator calculator(client->root());
//   int three = calculator.add(1, 2);
//   std::string owner = calculator.owner;
//
// Nothing is sent or checked before a member is used. A Stub is a handle, as the Netref in it:
// copies refer to the same object. A Stub may be an argument or a result of another Stub's Method.
// Threads: any.
class Stub {
 public:
  Stub() = default;  // refers to None
  explicit Stub(Netref netref) : netref_(std::move(netref)) {}

  // For members that the Stub does not declare.
  const Netref& netref() const { return netref_; }

 private:
  Netref netref_;
};

template <typename Signature>
class Method;

// A method of the peer's object; calling it is one request.
// Errors:  a result of type absl::Status, absl::StatusOr or Netref holds the error; with any other
//          type it is thrown, as by Netref::as.
template <typename R, typename... A>
class Method<R(A...)> {
 public:
  Method(const Stub* stub, absl::string_view name)
      : attribute_(stub->netref()[name]), call_(stub->netref().template Function<R(A...)>(name)) {}

  R operator()(A... args) const { return call_(std::forward<A>(args)...); }
  // Sends the request and does not wait for the answer.
  AsyncResult Async(A... args) const { return rpyc::Async(attribute_)(std::forward<A>(args)...); }
  // The method, for calls with keyword arguments or with a timeout of their own.
  const Netref& netref() const { return attribute_; }

 private:
  Netref attribute_;
  std::function<R(A...)> call_;
};

// An attribute of the peer's object. Reading or setting it is one request.
// Errors:  thrown, as by Netref::as.
template <typename T>
class Attribute {
 public:
  Attribute(const Stub* stub, absl::string_view name) : attribute_(stub->netref()[name]) {}

  T Get() const { return attribute_.as<T>(); }
  operator T() const { return Get(); }
  void Set(const T& value) const { attribute_.Set(value); }
  // Copying makes another handle; it does not set the attribute.
  Attribute(const Attribute&) = default;
  Attribute& operator=(const Attribute&) = default;

 private:
  Netref attribute_;
};

// Lets any object of the peer become a Stub.
template <typename T>
struct Cast<T, std::enable_if_t<std::is_base_of_v<Stub, T>>> {
  static absl::StatusOr<T> From(const CallContext& context, Value& value) {
    return T(Netref(std::move(value), context));
  }
  static Value To(const T& stub) { return stub.netref().template as<Value>(); }
  static std::string Name() { return ""; }
};

}  // namespace rpyc

#endif  // CLIENT_STUB_H_
