#ifndef RPYC_CAST_BUFFER_H_
#define RPYC_CAST_BUFFER_H_

#include <cstddef>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask_buffer.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"
#include "rpyc/value.h"

// This header passes many numbers at once. Include it for rpyc::Buffer, rpyc::NdArray and
// std::span.
namespace rpyc {

// Holds numbers in one piece of memory, which travels as bytes: a million of them in one message,
// without a Python object for each.
//
//   rpyc::Buffer<double> Waveform() { return rpyc::Buffer(samples_); }  // copied once
//
//   np.frombuffer(conn.root.waveform())          # float64; else: np.frombuffer(..., np.int32)
//   conn.root.set_waveform(array.tobytes())
//
// As a parameter it takes bytes and a bytearray. Where the client allows public attributes, it also
// takes arrays of numpy, memoryviews and array.arrays.
template <typename T>
class Buffer {
  static_assert(cast_internal::kIsElement<T>,
                "rpyc: a rpyc::Buffer is of integers but bool, float, double, or std::complex");

 public:
  using value_type = T;

  Buffer() = default;
  // Makes zeros, to be filled in place.
  explicit Buffer(size_t size) : memory_(size * sizeof(T), '\0') {}
  Buffer(const T* items, size_t size)
      : memory_(reinterpret_cast<const char*>(items), size * sizeof(T)) {}
  // Copies a vector, an array or a span.
  template <std::ranges::contiguous_range R>
  requires(std::is_same_v<std::ranges::range_value_t<R>, T> && !std::is_same_v<R, Buffer>)  //
      explicit Buffer(const R& items)
      : Buffer(std::ranges::data(items), std::ranges::size(items)) {}
  // Takes over `memory`, whose size must be a multiple of sizeof(T).
  static Buffer OfMemory(std::string memory) {
    Buffer buffer;
    buffer.memory_ = std::move(memory);
    return buffer;
  }

  size_t size() const { return memory_.size() / sizeof(T); }
  bool empty() const { return memory_.empty(); }
  const T* data() const { return reinterpret_cast<const T*>(memory_.data()); }
  T* data() { return reinterpret_cast<T*>(memory_.data()); }
  const T& operator[](size_t index) const { return data()[index]; }
  T& operator[](size_t index) { return data()[index]; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  T* begin() { return data(); }
  T* end() { return data() + size(); }

  std::string TakeMemory() && { return std::move(memory_); }

 private:
  std::string memory_;  // has the bytes that travel
};
template <std::ranges::contiguous_range R>
Buffer(const R&) -> Buffer<std::ranges::range_value_t<R>>;
template <typename T>
Buffer(const T*, size_t) -> Buffer<T>;

template <typename T>
struct Cast<Buffer<T>> {
  static absl::StatusOr<Buffer<T>> From(const CallContext& context, Value& value) {
    absl::StatusOr<std::string> memory =
        cast_internal::BufferFrom(context, value, cast_internal::ElementTypeOf<T>());
    if (!memory.ok()) return std::move(memory).status();
    return Buffer<T>::OfMemory(*std::move(memory));
  }
  static Value To(Buffer<T> buffer) { return Value(Bytes{std::move(buffer).TakeMemory()}); }
  static std::string Name() { return "bytes"; }
};

// This is a Buffer of any number of dimensions; the last index varies fastest. It travels as a
// tuple of shape, dtype and bytes, from which numpy makes an array without a copy:
//
//   rpyc::NdArray<float> Image() {
//     return rpyc::NdArray<float>({480, 640}, rpyc::Buffer(pixels_));
//   }
//
//   np.ndarray(*conn.root.image())
//
// As a parameter it takes such a tuple and, where the client allows public attributes, an array of
// numpy.
template <typename T>
class NdArray {
 public:
  // Throws std::invalid_argument if the shape does not have as many items as `items`.
  NdArray(std::vector<size_t> shape, Buffer<T> items)
      : shape_(std::move(shape)), items_(std::move(items)) {
    const absl::StatusOr<size_t> count = cast_internal::CountOf(shape_);
    if (!count.ok() || *count != items_.size()) {
      throw std::invalid_argument(
          absl::StrCat("the shape of an NdArray has other than its ", items_.size(), " items"));
    }
  }

  const std::vector<size_t>& shape() const { return shape_; }
  size_t size() const { return items_.size(); }
  const Buffer<T>& items() const { return items_; }
  Buffer<T>& items() { return items_; }
  // Returns the item at these indexes, one for each dimension; they are not checked.
  template <typename... I>
  const T& operator()(I... indexes) const {
    size_t position = 0;
    size_t dimension = 0;
    ((position = position * shape_[dimension++] + static_cast<size_t>(indexes)), ...);
    return items_[position];
  }

 private:
  std::vector<size_t> shape_;
  Buffer<T> items_;
};

namespace cast_internal {

// Returns the shape and the memory of what Python passed as an array.
absl::StatusOr<std::pair<std::vector<size_t>, std::string>> ArrayFrom(const CallContext& context,
                                                                      Value& value,
                                                                      ElementType element);
Value ArrayTo(const std::vector<size_t>& shape, ElementType element, std::string memory);

// Replaces an argument by the memory of numbers of that type, as BufferFrom does. If that is not
// possible, it reads the items, and `append` adds each of them.
absl::Status BecomeMemory(const CallContext& context, Value& value, ElementType element,
                          absl::FunctionRef<absl::Status(Value& item, std::string* memory)> append);

}  // namespace cast_internal

template <typename T>
struct Cast<NdArray<T>> {
  static absl::StatusOr<NdArray<T>> From(const CallContext& context, Value& value) {
    auto array = cast_internal::ArrayFrom(context, value, cast_internal::ElementTypeOf<T>());
    if (!array.ok()) return std::move(array).status();
    return NdArray<T>(std::move(array->first), Buffer<T>::OfMemory(std::move(array->second)));
  }
  static Value To(NdArray<T> array) {
    return cast_internal::ArrayTo(array.shape(), cast_internal::ElementTypeOf<T>(),
                                  std::move(array.items()).TakeMemory());
  }
  static std::string Name() { return "tuple[tuple[int, ...], str, bytes]"; }
};

// Gives access to the numbers of an argument during the call: without a copy for what rpyc::Buffer
// takes, by a copy for any other iterable of numbers. When it goes out, its items are copied to a
// tuple or to bytes.
template <typename T>
struct Cast<std::span<const T>> {
  static absl::StatusOr<std::span<const T>> From(const CallContext& context, Value& value) requires(
      cast_internal::kIsElement<T>) {
    absl::Status read = cast_internal::BecomeMemory(
        context, value, cast_internal::ElementTypeOf<T>(),
        [&context](Value& item, std::string* memory) -> absl::Status {
          using Number = std::conditional_t<cast_internal::kIsByte<T>, uint8_t, T>;
          absl::StatusOr<Number> number = FromPython<Number>(context, item);
          if (!number.ok()) return std::move(number).status();
          memory->append(reinterpret_cast<const char*>(&*number), sizeof(Number));
          return absl::OkStatus();
        });
    if (!read.ok()) return read;
    const std::string& memory = value.AsBytes()->data;
    return std::span<const T>(reinterpret_cast<const T*>(memory.data()), memory.size() / sizeof(T));
  }
  static Value To(std::span<const T> items) {
    return Cast<std::vector<T>>::To(std::vector<T>(items.begin(), items.end()));
  }
  static std::string Name() { return Cast<std::vector<T>>::Name(); }
  static std::string ParameterName() { return rpyc::ParameterName<std::vector<T>>(); }
};

// This converts only from C++ to Python: Python's numbers cannot be changed in place.
template <typename T>
requires(!std::is_const_v<T>) struct Cast<std::span<T>> {
  static Value To(std::span<T> items) { return Cast<std::span<const T>>::To(items); }
  static std::string Name() { return Cast<std::span<const T>>::Name(); }
};

template <typename T>
inline constexpr bool kBorrows<std::span<T>> = true;

template <typename T>
struct TravelsByValue<Buffer<T>> : std::true_type {};
template <typename T>
struct TravelsByValue<NdArray<T>> : std::true_type {};
template <typename T>
struct TravelsByValue<std::span<T>> : TravelsByValue<std::vector<std::remove_const_t<T>>> {};

template <typename T>
inline constexpr Question kQuestion<Buffer<T>> = Question::kBytes;
template <typename T>
inline constexpr Question kQuestion<std::span<T>> = Question::kItems;

}  // namespace rpyc

#endif  // RPYC_CAST_BUFFER_H_
