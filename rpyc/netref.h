#ifndef RPYC_NETREF_H_
#define RPYC_NETREF_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/bind/args.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/bind/signature.h"
#include "rpyc/bind/translation.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"
#include "rpyc/cast/duration.h"
#include "rpyc/cast/enum.h"
#include "rpyc/cast/map.h"
#include "rpyc/cast/object.h"
#include "rpyc/cast/optional.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/cast/string.h"
#include "rpyc/cast/variant.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

class ItemRange;
class Netref;
class NetrefOwner;
class PendingRequest;

// A call that has been sent, and the connection to wait on for its answer; null if the answer is
// there.
struct StartedCall {
  std::shared_ptr<PendingRequest> request;
  std::shared_ptr<NetrefOwner> owner;
};

namespace netref_internal {

template <typename Signature>
struct Typed;

template <typename T>
struct GottenAs {
  using type = absl::StatusOr<T>;
};
template <>
struct GottenAs<void> {
  using type = absl::Status;
};

template <typename T>
inline constexpr bool kIsStatusOr = false;
template <typename T>
inline constexpr bool kIsStatusOr<absl::StatusOr<T>> = true;

}  // namespace netref_internal

// Any Python value, above all an object of the peer's, or the error that stands in its place, so
// that only the end of a chain needs a check:
//
//   int three = root["add"](1, 2).as<int>();                        // throws RemoteError
//   absl::StatusOr<int> three = root["add"](1, 2).get<int>();       // does not
//   root["round"](2.7182, rpyc::Arg("digits") = 2).as<double>();
//   for (rpyc::Netref name : root["names"].Items()) Use(name.as<std::string>());
//
// Arguments and results convert as those of exposed functions do: see docs/types.md. An operation
// on an object of the peer's is one request, under the peer's access rules.
// A handle: copies are the same object. The peer keeps the object until the last of them is gone.
// Errors:  functions that return a Netref or Status do not throw; the others throw RemoteError, or
//          the exception that the program has named for it (Service::Translate, rpyc::Rebuild).
// Threads: any, as the Objects behind it; may run user code and wait for a peer: hold no lock.
class [[nodiscard]] Netref {
 public:
  // Holds None.
  Netref() = default;
  // `context` says on whose behalf it asks, and how long an answer may take.
  explicit Netref(absl::StatusOr<Value> value, CallContext context = CallContext())
      : value_(std::move(value)), context_(std::move(context)) {}

  // Names the attribute `name`, and sends nothing by itself: each use of it, also calling it, is
  // one request, and each reading asks anew. (An attribute of an attribute reads the first one.)
  Netref operator[](absl::string_view name) const;
  // Set and Del set and delete this attribute, which operator[] has named.
  template <typename T>
  void Set(T&& value) const {
    SetValue(ToValue(std::forward<T>(value)));
  }
  void Del() const;

  // Calls it. rpyc::Arg("name") = x passes x by keyword; rpyc::Args and rpyc::Kwargs pass all they
  // hold, as Python's *args and **kwargs.
  template <typename... A>
  Netref operator()(A&&... args) const {
    absl::StatusOr<CallArgs> call = Arguments(std::forward<A>(args)...);
    if (!call.ok()) return Netref(std::move(call).status(), context_);
    return Call(*std::move(call));
  }
  // The arguments of such a call.
  template <typename... A>
  static absl::StatusOr<CallArgs> Arguments(A&&... args) {
    CallArgs call;
    call.positional.reserve(sizeof...(A));
    absl::Status converted = Guarded([&] { (AddArgument(std::forward<A>(args), &call), ...); });
    if (!converted.ok()) return converted;
    return call;
  }
  Netref Call(CallArgs args) const;
  // Calls it and does not wait: rpyc::Async (rpyc/async_result.h) uses this. An object of our own
  // has been called when this returns, and an error is the answer.
  template <typename... A>
  StartedCall Start(A&&... args) const {
    CallArgs call;
    absl::Status converted = Guarded([&] { (AddArgument(std::forward<A>(args), &call), ...); });
    return converted.ok() ? StartCall(std::move(call)) : Answered(std::move(converted));
  }
  StartedCall StartCall(CallArgs args) const;
  // Returns a C++ function that calls the attribute `name`. It throws as as<R>() does, unless R is
  // absl::Status, an absl::StatusOr or a Netref.
  //   auto add = root.Function<int(int, int)>("add");
  template <typename Signature>
  std::function<Signature> Function(absl::string_view name) const {
    return netref_internal::Typed<Signature>::Make((*this)[name]);
  }
  // Returns the same object, whose operations, and those of its attributes, raise a TimeoutError
  // after `timeout`; with InfiniteDuration they wait for ever.
  Netref Timeout(absl::Duration timeout) const;

  // Returns the value as a T, or void. An attribute is read.
  template <typename T>
  T as() const {
    typename netref_internal::GottenAs<T>::type gotten = get<T>();
    if constexpr (std::is_void_v<T>) {
      if (!gotten.ok()) ThrowStatus(context_, gotten);
    } else {
      if (!gotten.ok()) ThrowStatus(context_, gotten.status());
      return *std::move(gotten);
    }
  }
  // Returns the same as an absl::StatusOr<T>, or absl::Status for void, and does not throw.
  template <typename T>
  typename netref_internal::GottenAs<T>::type get() const {
    static_assert(
        !kBorrows<T>,
        "rpyc: a string_view would outlive its text; ask for a std::string (for a span, a "
        "std::vector or rpyc::Buffer)");
    if constexpr (std::is_void_v<T>) {
      return status();
    } else {
      constexpr bool kGoesIn = requires(Value & value) { Cast<T>::From(value); }
      || requires(Value & value) { Cast<T>::From(CallContext(), value); };
      static_assert(kGoesIn, "rpyc: this type goes only from C++ to Python");
      if constexpr (kGoesIn) {
        absl::StatusOr<Value> value = this->value();
        if (!value.ok()) return std::move(value).status();
        absl::StatusOr<T> converted = FromPython<T>(context_, *value);
        if (!converted.ok()) return ConversionError(converted.status());
        return converted;
      }
    }
  }
  absl::StatusOr<Value> value() const;
  absl::Status status() const { return value().status(); }
  bool ok() const { return value().ok(); }
  // Whether it is None. Throws if it is an error.
  bool is_none() const { return as<Value>().is_none(); }

  // Item(key) is Python's obj[key], and so on.
  template <typename K>
  Netref Item(K&& key) const {
    return ItemOf(ToValue(std::forward<K>(key)));
  }
  template <typename K, typename V>
  void SetItem(K&& key, V&& value) const {
    CallSpecial("__setitem__", {ToValue(std::forward<K>(key)), ToValue(std::forward<V>(value))});
  }
  template <typename K>
  void DelItem(K&& key) const {
    CallSpecial("__delitem__", {ToValue(std::forward<K>(key))});
  }
  template <typename T>
  bool Contains(T&& item) const {
    return ContainsValue(ToValue(std::forward<T>(item)));
  }
  size_t Len() const;
  // The items that iterating over it yields; they are fetched in batches, ahead of the loop.
  ItemRange Items() const;

  std::string Str() const;
  std::string Repr() const;
  std::vector<std::string> Dir() const;
  int64_t Hash() const;
  // Equals is Python's obj == x. `op` is one of Python's six: "__eq__", "__lt__", ...
  template <typename T>
  bool Equals(T&& other) const {
    return CompareWith("__eq__", ToValue(std::forward<T>(other)));
  }
  template <typename T>
  bool Compare(absl::string_view op, T&& other) const {
    return CompareWith(op, ToValue(std::forward<T>(other)));
  }
  // Whether both are the same object, or the same value.
  bool Is(const Netref& other) const;
  // Whether it can be called, as Python's callable() says.
  bool IsCallable() const;
  // Python's isinstance(): whether this is of `cls`, a class of the peer's or one of ours
  // (rpyc::Class<T>(), which knows derived classes too). As between two Pythons, a Python peer
  // says of its own classes that an object is of exactly this one, or of a builtin.
  // Errors:  also throws a TypeError where `cls` is no class.
  bool IsInstance(const Netref& cls) const;

  const CallContext& context() const { return context_; }

 private:
  friend void With(const Netref& object, absl::FunctionRef<void(Netref)> body);
  template <typename Signature>
  friend struct netref_internal::Typed;

  // Converts a C++ value to what goes out for it. May throw RemoteError.
  template <typename T>
  static absl::StatusOr<Value> ToValue(T&& value) {
    using D = std::decay_t<T>;
    if constexpr (std::is_same_v<D, Netref>) {
      return value.value();
    } else {
      constexpr bool kGoesOut = requires { Cast<D>::To(std::forward<T>(value)); };
      static_assert(kGoesOut, "rpyc: this argument's type goes only from Python to C++");
      if constexpr (kGoesOut) return Cast<D>::To(std::forward<T>(value));
    }
  }
  template <typename T>
  static void AddArgument(T&& value, CallArgs* args) {
    using D = std::decay_t<T>;
    if constexpr (std::is_same_v<D, Arg> || std::is_same_v<D, Args> || std::is_same_v<D, Kwargs>) {
      Add(std::forward<T>(value), args);
    } else {
      absl::StatusOr<Value> converted = ToValue(std::forward<T>(value));
      if (!converted.ok()) ThrowStatus(converted.status());
      args->positional.push_back(*std::move(converted));
    }
  }
  static StartedCall Answered(absl::StatusOr<Value> answer);
  static void Add(Arg arg, CallArgs* args);
  static void Add(Args rest, CallArgs* args);
  static void Add(Kwargs rest, CallArgs* args);

  // Converts to what a typed function returns.
  template <typename R>
  R To() const {
    if constexpr (std::is_same_v<R, Netref>) {
      return *this;
    } else if constexpr (std::is_same_v<R, absl::Status>) {
      return status();
    } else if constexpr (netref_internal::kIsStatusOr<R>) {
      return get<typename R::value_type>();
    } else {
      return as<R>();
    }
  }

  // Adds to `error` what could not be converted.
  absl::Status ConversionError(const absl::Status& error) const;
  // Makes the result of an operation.
  Netref Result(absl::StatusOr<Value> value, absl::string_view origin) const;
  void SetValue(absl::StatusOr<Value> value) const;
  Netref ItemOf(absl::StatusOr<Value> key) const;
  bool ContainsValue(absl::StatusOr<Value> item) const;
  bool CompareWith(absl::string_view op, absl::StatusOr<Value> other) const;
  void CallSpecial(absl::string_view name, std::initializer_list<absl::StatusOr<Value>> args) const;

  absl::StatusOr<Value> value_ = Value();
  std::optional<std::string> attribute_;  // of value_; if there is none, this is value_ itself
  std::string origin_;                    // for messages: what made this, "add()"
  CallContext context_;
};

// The items of a Netref, which can be read once: `for (rpyc::Netref item : object.Items())`. A loop
// throws RemoteError when the iterator raises.
class ItemRange {
 public:
  class Iterator {
   public:
    using value_type = Netref;
    using difference_type = std::ptrdiff_t;
    Netref operator*() const { return range_->Current(); }
    Iterator& operator++() {
      range_->Advance();
      return *this;
    }
    void operator++(int) { range_->Advance(); }
    bool operator==(std::default_sentinel_t) const { return range_->AtEnd(); }

   private:
    friend class ItemRange;
    explicit Iterator(ItemRange* range) : range_(range) {}
    ItemRange* range_;
  };

  Iterator begin();
  std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  friend class Netref;
  ItemRange(ItemReader reader, CallContext context)
      : reader_(std::move(reader)), context_(std::move(context)) {}
  bool AtEnd() const { return at_ == batch_.size(); }
  Netref Current() const;
  void Advance();
  void Fetch();

  ItemReader reader_;
  CallContext context_;
  std::vector<Value> batch_;
  size_t at_ = 0;
};

// Does Python's `with object as entered: body(entered)`. What `body` throws is thrown on, unless
// __exit__ says that it has been dealt with; the peer learns of it as text only.
// Errors:  throws what __enter__ and __exit__ raise.
void With(const Netref& object, absl::FunctionRef<void(Netref entered)> body);

namespace netref_internal {

template <typename R, typename... A>
struct Typed<R(A...)> {
  static std::function<R(A...)> Make(Netref callee) {
    return [callee = std::move(callee)](A... args) -> R {
      return callee(std::forward<A>(args)...).template To<R>();
    };
  }
};

}  // namespace netref_internal
}  // namespace rpyc

#endif  // RPYC_NETREF_H_
