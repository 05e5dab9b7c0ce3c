#ifndef RPYC_CAST_SEQUENCE_H_
#define RPYC_CAST_SEQUENCE_H_

#include <deque>
#include <forward_list>
#include <iterator>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"

// Fewer programs use these sequences; include this header for them.
namespace rpyc {

template <typename T>
struct Cast<std::deque<T>> : cast_internal::SequenceCast<std::deque<T>> {};
template <typename T>
struct Cast<std::list<T>> : cast_internal::SequenceCast<std::list<T>> {};

template <typename T>
struct Cast<std::forward_list<T>> {
  static absl::StatusOr<std::forward_list<T>> From(const CallContext& context, Value& value) {
    absl::StatusOr<std::list<T>> items = FromPython<std::list<T>>(context, value);
    if (!items.ok()) return std::move(items).status();
    return std::forward_list<T>(std::make_move_iterator(items->begin()),
                                std::make_move_iterator(items->end()));
  }
  static Value To(std::forward_list<T> items) {
    return Cast<std::list<T>>::To(
        std::list<T>(std::make_move_iterator(items.begin()), std::make_move_iterator(items.end())));
  }
  static std::string Name() { return Cast<std::list<T>>::Name(); }
  static std::string ParameterName() { return rpyc::ParameterName<std::list<T>>(); }
};

template <typename T>
struct TravelsByValue<std::deque<T>> : TravelsByValue<T> {};
template <typename T>
struct TravelsByValue<std::list<T>> : TravelsByValue<T> {};
template <typename T>
struct TravelsByValue<std::forward_list<T>> : TravelsByValue<T> {};

template <typename T>
inline constexpr Question kQuestion<std::deque<T>> = Question::kItems;
template <typename T>
inline constexpr Question kQuestion<std::list<T>> = Question::kItems;
template <typename T>
inline constexpr Question kQuestion<std::forward_list<T>> = Question::kItems;

}  // namespace rpyc

#endif  // RPYC_CAST_SEQUENCE_H_
