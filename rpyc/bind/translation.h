#ifndef RPYC_BIND_TRANSLATION_H_
#define RPYC_BIND_TRANSLATION_H_

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/errors.h"
#include "rpyc/value.h"

namespace rpyc {

// Gives the Python exception these arguments in place of what() (see Service::Translate). A getter
// is a data member, a const member function, or a function of const E&.
template <typename... Getters>
struct ErrorArgs {
  explicit ErrorArgs(Getters... getters) : getters(std::move(getters)...) {}
  std::tuple<Getters...> getters;
};

// Gives the Python exception an attribute (see Service::Translate).
template <typename Getter>
struct ErrorAttribute {
  ErrorAttribute(absl::string_view name, Getter getter) : name(name), getter(std::move(getter)) {}
  std::string name;
  Getter getter;
};

// Makes the C++ exception again from what a peer has raised (see Service::Translate).
template <typename F>
struct Rebuild {
  explicit Rebuild(F make) : make(std::move(make)) {}
  F make;  // the type is E(const RemoteError&)
};

// Says how one C++ exception class looks in Python; its types are erased. MakeTranslation makes it.
struct Translation {
  const std::type_info* type = nullptr;
  std::string cpp_class;  // the service sets it, for messages
  std::string module;     // the module in Python
  std::string name;
  std::vector<std::string> attributes;
  // Returns the exception that is being handled as Python's, if it is of the class. Call it only
  // from a catch block. It may throw what user code throws.
  std::function<std::optional<RemoteException>(const Translation&)> translate;
  // Throws the C++ exception while what the peer raised is being handled. It is null if there is no
  // Rebuild.
  std::function<void(const RemoteError&)> rethrow;
  // These two order the classes. The first throws a null pointer to the class; the second tells
  // whether a handler for pointers to the class catches what `thrower` throws.
  void (*throw_pointer)() = nullptr;
  bool (*takes_pointer)(void (*thrower)()) = nullptr;
};

// Holds the exception classes that a service translates. If several fit, the most derived wins;
// PyError and the classes of the C++ library that docs/services.md lists count among them. The set
// is complete before the first connection, and then any thread reads it.
class ErrorTranslations {
 public:
  // Adds one; it replaces an earlier one of the same class. `where` is for messages, as in "service
  // LAB". A name that Python could not have ends the program.
  void Add(Translation translation, absl::string_view where);

  // These return the exception that is being handled as the Python exception that the program has
  // named for it. The first applies before the table of the C++ library, the second if that table
  // has no row for it. Call them only from a catch block.
  std::optional<absl::Status> FindSpecific() const { return Find(specific_); }
  std::optional<absl::Status> FindGeneral() const { return Find(general_); }

  // Throws the C++ exception that stands for `error`, with `error` nested in it; returns if there
  // is none.
  void Rethrow(const RemoteError& error) const;

 private:
  // The list holds derived classes before their bases.
  using List = std::vector<Translation>;
  static std::optional<absl::Status> Find(const List& list);

  List specific_;
  List general_;  // holds bases of the classes in the table of the C++ library
};

// Throws what `status`, which is not OK, stands for: the exception that the service of `context`'s
// connection has named for it, else RemoteError.
[[noreturn]] void ThrowStatus(const CallContext& context, const absl::Status& status);

namespace bind_internal {

template <typename Part>
inline constexpr bool kIsErrorArgs = false;
template <typename... Getters>
inline constexpr bool kIsErrorArgs<ErrorArgs<Getters...>> = true;
template <typename Part>
inline constexpr bool kIsErrorAttribute = false;
template <typename Getter>
inline constexpr bool kIsErrorAttribute<ErrorAttribute<Getter>> = true;
template <typename Part>
inline constexpr bool kIsRebuild = false;
template <typename F>
inline constexpr bool kIsRebuild<Rebuild<F>> = true;

// Says whether every getter of the part takes an E.
template <typename E, typename Part>
inline constexpr bool kGetsFrom = true;
template <typename E, typename... Getters>
inline constexpr bool kGetsFrom<E, ErrorArgs<Getters...>> =
    (... && std::is_invocable_v<const Getters&, const E&>);
template <typename E, typename Getter>
inline constexpr bool kGetsFrom<E, ErrorAttribute<Getter>> =
    std::is_invocable_v<const Getter&, const E&>;

template <typename E, typename Part>
inline constexpr bool kMakes = true;
template <typename E, typename F>
inline constexpr bool kMakes<E, Rebuild<F>> = [] {
  if constexpr (std::is_invocable_v<const F&, const RemoteError&>) {
    return std::is_base_of_v<E, std::decay_t<std::invoke_result_t<const F&, const RemoteError&>>>;
  }
  return false;
}();

// Says whether `Parts` fit a translation of E.
template <typename E, typename... Parts>
constexpr bool CheckTranslation() {
  constexpr bool kClass = std::is_class_v<E> && std::is_same_v<E, std::decay_t<E>>;
  static_assert(kClass, "rpyc: Translate<E>(...) takes a class, as it is thrown");
  constexpr bool kKnown =
      (... && (kIsErrorArgs<Parts> || kIsErrorAttribute<Parts> || kIsRebuild<Parts>));
  static_assert(kKnown,
                "rpyc: after the Python class come rpyc::ErrorArgs, rpyc::ErrorAttribute and "
                "rpyc::Rebuild only");
  if constexpr (kClass && kKnown) {
    constexpr int kArgs = (0 + ... + (kIsErrorArgs<Parts> ? 1 : 0));
    constexpr int kRebuilds = (0 + ... + (kIsRebuild<Parts> ? 1 : 0));
    constexpr bool kOnce = kArgs <= 1 && kRebuilds <= 1;
    static_assert(kOnce, "rpyc: give at most one rpyc::ErrorArgs and one rpyc::Rebuild");
    constexpr bool kHasText = kArgs > 0 || std::is_base_of_v<std::exception, E>;
    static_assert(kHasText,
                  "rpyc: an exception class without what() needs rpyc::ErrorArgs(getter)");
    constexpr bool kGets = (... && kGetsFrom<E, Parts>);
    static_assert(kGets,
                  "rpyc: a getter is a data member or const member function of the exception, or "
                  "takes it by const reference");
    constexpr bool kMade = (... && kMakes<E, Parts>);
    static_assert(kMade,
                  "rpyc: rpyc::Rebuild takes a function that returns the C++ exception for a const "
                  "rpyc::RemoteError&");
    return kOnce && kHasText && kGets && kMade;
  }
  return false;
}

template <typename E, typename Getter>
Value GetPart(const Getter& getter, const E& error) {
  using R = std::decay_t<std::invoke_result_t<const Getter&, const E&>>;
  constexpr bool kGoesOut = requires(R result) { Cast<R>::To(std::move(result)); };
  static_assert(kGoesOut, "rpyc: the getter's type goes only from Python to C++");
  if constexpr (kGoesOut) {
    absl::StatusOr<Value> value = Cast<R>::To(std::invoke(getter, error));
    if (!value.ok()) ThrowStatus(value.status());
    return *std::move(value);
  }
  return Value();
}

template <typename E, typename... Getters>
void AddPart(const ErrorArgs<Getters...>& part, const E& error, RemoteException* exception) {
  std::apply([&](const Getters&... getters) { exception->args = {GetPart<E>(getters, error)...}; },
             part.getters);
}
template <typename E, typename Getter>
void AddPart(const ErrorAttribute<Getter>& part, const E& error, RemoteException* exception) {
  exception->attributes.emplace_back(part.name, GetPart<E>(part.getter, error));
}
template <typename E, typename F>
void AddPart(const Rebuild<F>&, const E&, RemoteException*) {}

template <typename Part>
void Name(const Part&, Translation*) {}
template <typename Getter>
void Name(const ErrorAttribute<Getter>& part, Translation* translation) {
  translation->attributes.push_back(part.name);
}

template <typename E, typename Part>
void SetRethrow(const Part&, Translation*) {}
template <typename E, typename F>
void SetRethrow(const Rebuild<F>& part, Translation* translation) {
  translation->rethrow = [make = part.make](const RemoteError& error) {
    std::throw_with_nested(make(error));
  };
}

}  // namespace bind_internal

// Makes a translation (see Service::Translate). `python_class` is a builtin exception
// ("ValueError") or a class with its module ("lab.LimitError").
template <typename E, typename... Parts>
Translation MakeTranslation(absl::string_view python_class, Parts... parts) {
  namespace internal = bind_internal;
  Translation made;
  if constexpr (internal::CheckTranslation<E, Parts...>()) {
    made.type = &typeid(E);
    const size_t dot = python_class.rfind('.');
    made.module = dot == python_class.npos ? "builtins" : std::string(python_class.substr(0, dot));
    made.name = std::string(python_class.substr(dot == python_class.npos ? 0 : dot + 1));
    (internal::Name(parts, &made), ...);
    (internal::SetRethrow<E>(parts, &made), ...);
    // A pointer is caught as a pointer to a base, which asks for the relation without an object of
    // E. NOLINTBEGIN(misc-throw-by-value-catch-by-reference)
    made.throw_pointer = [] { throw static_cast<E*>(nullptr); };
    made.takes_pointer = [](void (*thrower)()) {
      try {
        thrower();
      } catch (const E*) {
        return true;
      } catch (...) {
      }
      return false;
    };
    // NOLINTEND(misc-throw-by-value-catch-by-reference)
    made.translate = [kept = std::tuple<Parts...>(std::move(parts)...)](
                         const Translation& self) -> std::optional<RemoteException> {
      try {
        throw;
      } catch (const E& error) {
        RemoteException exception{.module = self.module, .name = self.name};
        if constexpr (std::is_base_of_v<std::exception, E>) {
          exception.args = {Value(absl::string_view(error.what()))};
        }
        std::apply(
            [&](const Parts&... each) { (internal::AddPart<E>(each, error, &exception), ...); },
            kept);
        return exception;
      } catch (...) {
        return std::nullopt;
      }
    };
  }
  return made;
}

}  // namespace rpyc

#endif  // RPYC_BIND_TRANSLATION_H_
