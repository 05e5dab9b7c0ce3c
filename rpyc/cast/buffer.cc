#include "rpyc/cast/buffer.h"

#include "absl/strings/str_join.h"
#include "rpyc/errors.h"

namespace rpyc::cast_internal {
namespace {

absl::StatusOr<std::vector<size_t>> ShapeFrom(const Value& value) {
  std::vector<size_t> shape;
  if (!value.IsTuple()) return WrongType("a tuple of lengths", value);
  for (const Value& length : value.items()) {
    if (length.AsInt() == nullptr || *length.AsInt() < 0) {
      return PyStatus("ValueError", absl::StrCat("a length must be an int of at least 0, not ",
                                                 length.DebugString(40)));
    }
    shape.push_back(static_cast<size_t>(*length.AsInt()));
  }
  return shape;
}

absl::Status WrongMemory(const std::vector<size_t>& shape, ElementType element, size_t bytes) {
  return PyStatus("ValueError",
                  absl::StrCat("an array of shape (", absl::StrJoin(shape, ", "), ") and type ",
                               element.Name(), " is not of ", bytes, " bytes"));
}

}  // namespace

absl::StatusOr<std::pair<std::vector<size_t>, std::string>> ArrayFrom(const CallContext& context,
                                                                      Value& value,
                                                                      ElementType element) {
  absl::StatusOr<std::vector<size_t>> shape = std::vector<size_t>();
  absl::StatusOr<std::string> memory = std::string();
  const std::string expected = absl::StrCat("an array of ", element.Name());
  if (value.IsTuple() && value.items().size() == 3) {
    std::vector<Value> parts = std::move(value).TakeItems();
    shape = ShapeFrom(parts[0]);
    if (!shape.ok()) return ErrorAt("item 0", shape.status());
    if (parts[1].AsStr() == nullptr || *parts[1].AsStr() != element.Dtype()) {
      return PyStatus("TypeError", absl::StrCat("item 1: expected the dtype '", element.Dtype(),
                                                "', got ", parts[1].DebugString(40)));
    }
    memory = BufferFrom(context, parts[2], element);
    if (!memory.ok()) return ErrorAt("item 2", memory.status());
  } else if (value.type_name() == "numpy.ndarray") {
    shape = AskShape(context, value, element);
    if (!shape.ok()) return std::move(shape).status();
    memory = BufferFrom(context, value, element);
    if (!memory.ok()) return std::move(memory).status();
  } else {
    return WrongType(expected, value, "pass (x.shape, x.dtype.str, x.tobytes())");
  }
  const absl::StatusOr<size_t> count = CountOf(*shape);
  if (!count.ok()) return count.status();
  if (*count != memory->size() / element.size) {
    return WrongMemory(*shape, element, memory->size());
  }
  return std::make_pair(*std::move(shape), *std::move(memory));
}

Value ArrayTo(const std::vector<size_t>& shape, ElementType element, std::string memory) {
  std::vector<Value> lengths;
  for (const size_t length : shape) lengths.emplace_back(static_cast<int64_t>(length));
  return Value::Tuple(
      {Value::Tuple(std::move(lengths)), Value(element.Dtype()), Value(Bytes{std::move(memory)})});
}

absl::Status BecomeMemory(
    const CallContext& context, Value& value, ElementType element,
    absl::FunctionRef<absl::Status(Value& item, std::string* memory)> append) {
  const bool has_items = value.IsTuple() || value.kind() == Value::Kind::kFrozenset;
  if (!has_items) {
    absl::StatusOr<std::string> memory = BufferFrom(context, value, element);
    // If an object's memory may not be asked for, its numbers are asked for one by one.
    const bool try_items = value.AsObject() != nullptr && IsPyStatus(memory.status(), "TypeError");
    if (!memory.ok() && !try_items) return std::move(memory).status();
    if (memory.ok()) {
      value = Value(Bytes{*std::move(memory)});
      return absl::OkStatus();
    }
  }
  std::string memory;
  const Question question = element.kind == 'f'   ? Question::kFloat
                            : element.kind == 'c' ? Question::kComplex
                                                  : Question::kInt;
  absl::Status read =
      ConvertItems(context, value, question, [&](Value& item) { return append(item, &memory); });
  if (!read.ok()) return read;
  value = Value(Bytes{std::move(memory)});
  return absl::OkStatus();
}

}  // namespace rpyc::cast_internal
