#ifndef RPYC_BIND_MENTIONS_H_
#define RPYC_BIND_MENTIONS_H_

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "rpyc/bind/member.h"
#include "rpyc/cast/exposed.h"
#include "rpyc/cast/object.h"

namespace rpyc::bind_internal {

// Adds the exposed classes that occur in type T, such as Account in
// `std::vector<std::shared_ptr<Account>>` and in `std::function<void(const Account&)>`. They are
// made together with the class whose member names them. So their mistakes are found before any
// client connects, and objects of them are known where a pointer to their base goes out.
template <typename T>
struct Mentions {
  static void Add(std::vector<ClassGetter>* classes) {
    if constexpr (std::is_class_v<T> && Exposed<T>) classes->push_back(&ClassOf<T>);
  }
};
template <template <typename...> typename C, typename... A>
requires(!Exposed<C<A...>>)  //
    struct Mentions<C<A...>> {
  static void Add([[maybe_unused]] std::vector<ClassGetter>* classes) {
    (Mentions<std::decay_t<A>>::Add(classes), ...);
  }
};
template <typename R, typename... A>
struct Mentions<R(A...)> {
  static void Add(std::vector<ClassGetter>* classes) {
    Mentions<std::decay_t<R>>::Add(classes);
    (Mentions<std::decay_t<A>>::Add(classes), ...);
  }
};
template <typename T, size_t N>
struct Mentions<std::array<T, N>> : Mentions<std::decay_t<T>> {};
template <typename T>
struct Mentions<T*> : Mentions<std::remove_cv_t<T>> {};

// Many types have these parts, which name no class of their own.
struct MentionsNone {
  static void Add(std::vector<ClassGetter>*) {}
};
template <typename T>
struct Mentions<std::allocator<T>> : MentionsNone {};
template <typename T>
struct Mentions<std::less<T>> : MentionsNone {};
template <typename T>
struct Mentions<std::hash<T>> : MentionsNone {};
template <typename T>
struct Mentions<std::equal_to<T>> : MentionsNone {};
template <>
struct Mentions<std::string> : MentionsNone {};

}  // namespace rpyc::bind_internal

#endif  // RPYC_BIND_MENTIONS_H_
