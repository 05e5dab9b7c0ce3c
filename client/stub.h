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

// A C++ type for an object of the peer's, written by hand, without a generator:
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
// Nothing is sent, or checked, before a member is used. A handle, as the Netref that it is made of:
// copies are the same object. A Stub may be an argument or result of a Method of another.
// Threads: any.
class Stub {
 public:
  Stub() = default;  // of None
  explicit Stub(Netref netref) : netref_(std::move(netref)) {}

  // For what the Stub does not name.
  const Netref& netref() const { return netref_; }

 private:
  Netref netref_;
};

template <typename Signature>
class Method;

// A method of the peer's object; calling it is one request. A result of absl::Status,
// absl::StatusOr or Netref tells of an error by itself; any other throws, as Netref::as.
template <typename R, typename... A>
class Method<R(A...)> {
 public:
  Method(const Stub* stub, absl::string_view name)
      : attribute_(stub->netref()[name]), call_(stub->netref().template Function<R(A...)>(name)) {}

  R operator()(A... args) const { return call_(std::forward<A>(args)...); }
  // Does not wait for the answer.
  AsyncResult Async(A... args) const { return rpyc::Async(attribute_)(std::forward<A>(args)...); }
  // The method, for calls with keywords or of a timeout of their own.
  const Netref& netref() const { return attribute_; }

 private:
  Netref attribute_;
  std::function<R(A...)> call_;
};

// An attribute of the peer's object; each reading and setting is one request, and throws as
// Netref::as.
template <typename T>
class Attribute {
 public:
  Attribute(const Stub* stub, absl::string_view name) : attribute_(stub->netref()[name]) {}

  T Get() const { return attribute_.as<T>(); }
  operator T() const { return Get(); }
  void Set(const T& value) const { attribute_.Set(value); }
  // A copied Stub is another handle, it does not set anything.
  Attribute(const Attribute&) = default;
  Attribute& operator=(const Attribute&) = default;

 private:
  Netref attribute_;
};

// Any object of the peer's.
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
