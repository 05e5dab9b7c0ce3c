#ifndef RPYC_LIST_H_
#define RPYC_LIST_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/cast/string.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

// A Python list that C++ and its clients share, held by reference:
//
//   rpyc::List shopping{"milk", 2};
//   shopping.push_back("bread");
//   c.Expose("shopping", [shopping] { return shopping; });  // conn.root.shopping()[0] == 'milk'
//
// To Python it is a list: isinstance says so, and slices, operators, repr and errors are a list's.
// Its methods with ordinary names (append, sort, ...) a client reaches where its server allows
// public attributes, as with a list of a Python server; assignments, +=, del and so on always.
// Items may be anything, references too, but a list that is put into itself is never freed.
// A handle: copies share the list; Copy() copies it.
// Threads: any; each function here is one step.
class List {
 public:
  List();
  List(std::initializer_list<Value> items);
  // Makes a list of what a container or view holds.
  template <std::ranges::input_range R,
            typename = std::enable_if_t<!std::is_convertible_v<R, List>>>
  explicit List(R&& range) : List() {
    for (auto&& item : range) push_back(std::ranges::range_value_t<R>(item));
  }

  size_t size() const;
  bool empty() const { return size() == 0; }

  // The item at `index`; a negative index counts from the end.
  // Errors:  IndexError; TypeError - it is no T.
  template <typename T = Value>
  absl::StatusOr<T> Get(int64_t index) const {
    static_assert(cast_internal::ItemsOwnTheirText<T>());
    absl::StatusOr<Value> item = GetValue(index);
    if (!item.ok()) return std::move(item).status();
    return FromPython<T>(CallContext(), *item);
  }
  // Errors:  IndexError.
  template <typename T>
  absl::Status Set(int64_t index, T item) {
    return SetValue(index, Cast<T>::To(std::move(item)));
  }
  template <typename T>
  void push_back(T item) {
    Append(Cast<T>::To(std::move(item)));
  }
  // Inserts before the item at `index`, as Python does: an index beyond an end is that end.
  template <typename T>
  void insert(int64_t index, T item) {
    InsertValue(index, Cast<T>::To(std::move(item)));
  }
  // Removes an item, by default the last, and returns it.
  // Errors:  IndexError.
  absl::StatusOr<Value> Pop(int64_t index = -1);
  void clear() { Assign({}); }
  void Assign(std::vector<Value> items);

  // The items as they are now.
  std::vector<Value> Snapshot() const;
  // The items as they are now, each as a T.
  // Errors:  TypeError, "item 3: expected int, got str".
  template <typename T>
  absl::StatusOr<std::vector<T>> SnapshotOf() const {
    static_assert(cast_internal::ItemsOwnTheirText<T>());
    std::vector<T> converted;
    for (Value& item : Snapshot()) {
      absl::StatusOr<T> one = FromPython<T>(CallContext(), item);
      if (!one.ok()) return ErrorAt("item " + std::to_string(converted.size()), one.status());
      converted.push_back(*std::move(one));
    }
    return converted;
  }
  List Copy() const;

  // Whether these are handles of one list.
  bool IsSameAs(const List& other) const { return data_ == other.data_; }

  Value ToValue() const;
  // The list that `value` refers to, if it is one of ours.
  static std::optional<List> Of(const Value& value);

 private:
  friend class ListObject;
  struct Data;
  explicit List(std::shared_ptr<Data> data) : data_(std::move(data)) {}
  absl::StatusOr<Value> GetValue(int64_t index) const;
  absl::Status SetValue(int64_t index, Value item);
  void Append(Value item);
  void InsertValue(int64_t index, Value item);

  std::shared_ptr<Data> data_;  // never null
};

// A list travels by reference. A parameter takes only a list of ours: for a copy of any iterable
// take std::vector.
template <>
struct Cast<List> {
  static absl::StatusOr<List> From(Value& value);
  static Value To(const List& list) { return list.ToValue(); }
  static std::string Name() { return "list"; }
};

}  // namespace rpyc

#endif  // RPYC_LIST_H_
