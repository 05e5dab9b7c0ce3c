// These tests cover the memory of numbers: what goes out, what is taken, and what a peer's objects
// are asked for.

#include "rpyc/cast/buffer.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/list.h"
#include "rpyc/service.h"
#include "rpyc/testing/fake_peer.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Failure;
using testing::FakePeer;
using Names = std::vector<std::string>;

const CallContext kContext;

template <typename T>
std::string MemoryOf(const std::vector<T>& numbers) {
  return std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
}
template <typename T>
Value BytesOf(const std::vector<T>& numbers) {
  return Value(Bytes{MemoryOf(numbers)});
}

// Returns the numbers that a T sees, or the error.
template <typename T>
std::string Seen(Value value) {
  absl::StatusOr<T> converted = FromPython<T>(kContext, value);
  if (!converted.ok()) return Failure(converted.status());
  std::string text;
  for (const auto& number : *converted) absl::StrAppend(&text, text.empty() ? "" : " ", number);
  return text;
}

TEST(Buffer, GoesOutAsItsMemory) {
  const std::vector<double> numbers = {1, 2.5, -3};
  EXPECT_EQ(Cast<Buffer<double>>::To(Buffer(numbers)), BytesOf(numbers));
  EXPECT_EQ(Cast<Buffer<double>>::To(Buffer(numbers.data(), 2)),
            BytesOf(std::vector<double>{1, 2.5}));
  Buffer<int16_t> filled(3);
  std::iota(filled.begin(), filled.end(), int16_t{5});
  filled[1] = -1;
  EXPECT_EQ(Cast<Buffer<int16_t>>::To(filled), BytesOf(std::vector<int16_t>{5, -1, 7}));
  EXPECT_EQ(Cast<Buffer<double>>::To(Buffer<double>()), Value(Bytes{""}));
}

TEST(Buffer, TakesWholeNumbersOfBytes) {
  EXPECT_EQ(Seen<Buffer<double>>(BytesOf(std::vector<double>{1, 2.5})), "1 2.5");
  EXPECT_EQ(Seen<Buffer<int16_t>>(BytesOf(std::vector<int16_t>{-1, 300})), "-1 300");
  EXPECT_EQ(Seen<Buffer<double>>(Value(Bytes{""})), "");
  EXPECT_EQ(Seen<Buffer<double>>(Value(Bytes{"123456789"})),
            "ValueError: expected items of 8 bytes (float64), got 9 bytes");
  EXPECT_EQ(Seen<Buffer<int32_t>>(Value("text")), "TypeError: expected a buffer of int32, got str");
  EXPECT_EQ(Seen<Buffer<float>>(List{1.0}.ToValue()),
            "TypeError: expected a buffer of float32, got list");
}

TEST(Buffer, HasNumpysNames) {
  using cast_internal::ElementTypeOf;
  EXPECT_EQ(ElementTypeOf<double>().Dtype(), "<f8");
  EXPECT_EQ(ElementTypeOf<uint8_t>().Dtype(), "|u1");
  EXPECT_EQ(ElementTypeOf<std::byte>().Name(), "uint8");
  EXPECT_EQ(ElementTypeOf<int64_t>().Dtype(), "<i8");
  EXPECT_EQ(ElementTypeOf<std::complex<float>>().Dtype(), "<c8");
  EXPECT_EQ(ElementTypeOf<std::complex<double>>().Name(), "complex128");
}

TEST(Buffer, HasNumpyConvertAnArray) {
  FakePeer peer;
  peer.answers = {{"astype", peer.Make("numpy.ndarray")},
                  {"tobytes", BytesOf(std::vector<double>{1, 2})}};
  EXPECT_EQ(Seen<Buffer<double>>(peer.Make("numpy.ndarray")), "1 2");
  EXPECT_EQ(peer.asked, (Names{"astype", "tobytes"}));
  peer.answers["astype"] = PyStatus("TypeError", "Cannot cast array data");
  EXPECT_EQ(Seen<Buffer<double>>(peer.Make("numpy.ndarray")),
            "TypeError: expected a buffer of float64, got numpy.ndarray: Cannot cast array data");
  peer.answers["astype"] = PyStatus("MemoryError", "too large");
  EXPECT_EQ(Seen<Buffer<double>>(peer.Make("numpy.ndarray")), "MemoryError: too large");
  peer.answers.clear();
  EXPECT_EQ(Seen<Buffer<double>>(peer.Make("numpy.ndarray")),
            "TypeError: expected a buffer of float64, got numpy.ndarray: pass what its tobytes() "
            "gives");
}

TEST(Buffer, TakesMemoryOfItsOwnTypeOnly) {
  FakePeer peer;
  const auto seen = [&](absl::string_view format, int size) {
    peer.answers = {{".format", Value(format)},
                    {".itemsize", Value(size)},
                    {"tobytes", BytesOf(std::vector<double>{1})}};
    return Seen<Buffer<double>>(peer.Make("builtins.memoryview"));
  };
  EXPECT_EQ(seen("d", 8), "1");
  EXPECT_EQ(seen("<d", 8), "1");
  EXPECT_EQ(seen("B", 1), "1");
  const std::string wrong =
      "TypeError: expected a buffer of float64, got memoryview: its items are of the type '";
  for (const auto& [format, size] : {std::pair("f", 4), std::pair(">d", 8), std::pair("q", 8),
                                     std::pair("?", 1), std::pair("T{d:x:}", 8)}) {
    EXPECT_EQ(seen(format, size), wrong + format + "'") << format;
  }
  peer.answers = {{".typecode", Value("d")},
                  {".itemsize", Value(8)},
                  {"tobytes", BytesOf(std::vector<double>{4})}};
  EXPECT_EQ(Seen<Buffer<double>>(peer.Make("array.array")), "4");
  peer.answers["tobytes"] = Value("no bytes");
  EXPECT_EQ(Seen<Buffer<double>>(peer.Make("array.array")),
            "TypeError: expected a buffer of float64, got array.array: pass what its tobytes() "
            "gives");
}

TEST(Buffer, TakesABytearrayAndSubclassesOfBytes) {
  FakePeer peer;
  peer.answers = {{"repr", Value("bytearray(b'ab')")}};
  EXPECT_EQ(Seen<Buffer<int8_t>>(peer.Make("builtins.bytearray")), "97 98");
  peer.methods = {"fromhex", "decode", "isascii"};
  peer.answers = {{"__getitem__", Value(Bytes{"c"})}};
  EXPECT_EQ(Seen<Buffer<int8_t>>(peer.Make("m.MyBytes")), "99");
}

TEST(Buffer, AsksNothingElseForItsMemory) {
  FakePeer peer;
  peer.methods = {"tobytes"};
  peer.answers = {{"tobytes", Value(Bytes{"12345678"})}};
  EXPECT_EQ(Seen<Buffer<double>>(peer.Make("m.Tensor")),
            "TypeError: expected a buffer of float64, got m.Tensor: pass what its tobytes() gives");
  EXPECT_EQ(peer.asked, Names{"inspect"});
}

TEST(Span, PointsIntoBytesAndCopiesItems) {
  EXPECT_EQ(Seen<std::span<const double>>(BytesOf(std::vector<double>{1, 2.5})), "1 2.5");
  EXPECT_EQ(Seen<std::span<const int32_t>>(Value::Tuple({1, -2, true})), "1 -2 1");
  EXPECT_EQ(Seen<std::span<const float>>(List{1, 2.5}.ToValue()), "1 2.5");
  EXPECT_EQ(Seen<std::span<const uint8_t>>(Value::Tuple({1, 255})), "1 255");
  EXPECT_EQ(Seen<std::span<const int32_t>>(Value::Tuple({1, "x"})),
            "TypeError: item 1: expected int, got str");
  EXPECT_EQ(Seen<std::span<const int8_t>>(Value::Tuple({300})),
            "OverflowError: item 0: int out of range for the C++ type: 300");
  EXPECT_EQ(Seen<std::span<const double>>(Value(Bytes{"123"})),
            "ValueError: expected items of 8 bytes (float64), got 3 bytes");
  EXPECT_EQ(Seen<std::span<const double>>(Value(5)),
            "TypeError: expected a buffer of float64, got int");
  const std::vector<int> numbers = {1, 2};
  EXPECT_EQ(Cast<std::span<const int>>::To(numbers).DebugString(), "(1, 2)");
  const std::vector<uint8_t> bytes = {97, 98};
  EXPECT_EQ(Cast<std::span<const uint8_t>>::To(bytes).DebugString(), "b'ab'");
  std::vector<int> own = {3};
  EXPECT_EQ(Cast<std::span<int>>::To(own).DebugString(), "(3,)");
}

TEST(Span, ReadsItemsOfWhatKeepsItsMemory) {
  FakePeer peer;
  peer.answers = {{"__iter__", peer.Make("m.Iterator")}, {"items", Value::Tuple({1, 2})}};
  EXPECT_EQ(Seen<std::span<const double>>(peer.Make("numpy.ndarray")), "1 2");
}

TEST(Span, IsValidDuringTheCall) {
  const Service service = Service("S").Expose("sum", [](std::span<const double> numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0);
  });
  EXPECT_EQ(
      *(*service.MakeRoot())
           ->CallAttr(kContext, {.name = "sum", .exposed = true},
                      {.positional = {BytesOf(std::vector<double>{1, 2, 3.5})}, .keyword = {}}),
      Value(6.5));
  EXPECT_EQ(service.root_class().Find("sum")->signature.ToString(),
            "(arg0: Iterable[float], /) -> float");
}

template <typename T>
std::string SeenArray(Value value) {
  absl::StatusOr<NdArray<T>> array = FromPython<NdArray<T>>(kContext, value);
  return array.ok() ? Cast<NdArray<T>>::To(*array).DebugString() : Failure(array.status());
}

TEST(NdArray, IsShapeDtypeAndMemory) {
  const NdArray<int16_t> image({2, 3}, Buffer(std::vector<int16_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(image(0, 0), 1);
  EXPECT_EQ(image(1, 2), 6);
  const Value value = Cast<NdArray<int16_t>>::To(image);
  ASSERT_EQ(value.items().size(), 3u);
  EXPECT_EQ(value.items()[0].DebugString(), "(2, 3)");
  EXPECT_EQ(value.items()[1], Value("<i2"));
  EXPECT_EQ(value.items()[2], BytesOf(std::vector<int16_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(SeenArray<int16_t>(value), value.DebugString());
  EXPECT_THROW(NdArray<int16_t>({2, 2}, Buffer<int16_t>(5)), std::invalid_argument);
}

TEST(NdArray, TakesNoOtherShapeOrType) {
  const auto seen = [](Value shape, Value dtype, Value memory) {
    return SeenArray<int16_t>(Value::Tuple({shape, dtype, memory}));
  };
  const Value memory(Bytes{"1234"});
  EXPECT_EQ(seen(Value::Tuple({2}), "<i2", memory), "((2,), '<i2', b'1234')");
  EXPECT_EQ(seen(Value::Tuple({0, 7}), "<i2", Value(Bytes{})), "((0, 7), '<i2', b'')");
  EXPECT_EQ(seen(Value::Tuple({}), "<i2", Value(Bytes{"12"})), "((), '<i2', b'12')");
  EXPECT_EQ(seen(Value::Tuple({3}), "<i2", memory),
            "ValueError: an array of shape (3) and type int16 is not of 4 bytes");
  EXPECT_EQ(seen(Value::Tuple({Value(int64_t{1} << 40), Value(int64_t{1} << 40)}), "<i2", memory),
            "ValueError: the shape has more items than memory can hold");
  EXPECT_EQ(seen(Value::Tuple({-2}), "<i2", memory),
            "ValueError: item 0: a length must be an int of at least 0, not -2");
  EXPECT_EQ(seen(Value(2), "<i2", memory),
            "TypeError: item 0: expected a tuple of lengths, got int");
  EXPECT_EQ(seen(Value::Tuple({1}), "<i4", memory),
            "TypeError: item 1: expected the dtype '<i2', got '<i4'");
  EXPECT_EQ(seen(Value::Tuple({2}), "<i2", "x"),
            "TypeError: item 2: expected a buffer of int16, got str");
  EXPECT_EQ(SeenArray<int16_t>(memory),
            "TypeError: expected an array of int16, got bytes: pass "
            "(x.shape, x.dtype.str, x.tobytes())");
}

TEST(NdArray, AsksNumpysForShapeAndMemory) {
  FakePeer peer;
  peer.answers = {{".shape", Value::Tuple({2, 1})},
                  {"astype", peer.Make("numpy.ndarray")},
                  {"tobytes", Value(Bytes{"1234"})}};
  EXPECT_EQ(SeenArray<int16_t>(peer.Make("numpy.ndarray")), "((2, 1), '<i2', b'1234')");
  EXPECT_EQ(peer.asked, (Names{".shape", "astype", "tobytes"}));
  peer.answers[".shape"] = Value::Tuple({3, 1});
  EXPECT_EQ(SeenArray<int16_t>(peer.Make("numpy.ndarray")),
            "ValueError: an array of shape (3, 1) and type int16 is not of 4 bytes");
  peer.answers.clear();
  EXPECT_EQ(SeenArray<int16_t>(peer.Make("numpy.ndarray")),
            "TypeError: expected a buffer of int16, got numpy.ndarray: pass what its tobytes() "
            "gives");
}

}  // namespace
}  // namespace rpyc
