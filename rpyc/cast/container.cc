#include "rpyc/cast/container.h"

#include "rpyc/cast/ask.h"
#include "rpyc/cast/ask_buffer.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/limits.h"

namespace rpyc::cast_internal {

absl::Status ConvertItems(const CallContext& context, Value& value, Question question,
                          absl::FunctionRef<absl::Status(Value& item)> convert) {
  const auto convert_all = [&](size_t first, std::vector<Value> items) {
    if (question != Question::kNone) {
      absl::Status asked = AskAhead(context, question, absl::MakeSpan(items));
      if (!asked.ok()) return asked;
    }
    for (size_t i = 0; i < items.size(); ++i) {
      absl::Status converted = convert(items[i]);
      if (!converted.ok()) return ErrorAt(absl::StrCat("item ", first + i), converted);
    }
    return absl::OkStatus();
  };
  if (value.IsTuple() || value.kind() == Value::Kind::kFrozenset) {
    if (value.by_value()) question = Question::kNone;
    return convert_all(0, std::move(value).TakeItems());
  }
  if (value.AsObject() == nullptr) return WrongType("a list, tuple or other iterable", value);
  return ForEachBatch(context, value, Limits(), convert_all);
}

absl::StatusOr<Value> ItemsOf(const CallContext& context, Value value) {
  std::vector<Value> items;
  absl::Status read = ConvertItems(context, value, Question::kNone, [&](Value& item) {
    items.push_back(std::move(item));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return Value::Tuple(std::move(items));
}

absl::Status BecomeTuple(const CallContext& context, Value& value, size_t count,
                         absl::string_view expected) {
  std::vector<Value> items;
  absl::Status read =
      ForEachBatch(context, value, Limits(), [&](size_t, std::vector<Value> batch) -> absl::Status {
        for (Value& item : batch) {
          if (items.size() == count) return WrongType(expected, value);
          items.push_back(std::move(item));
        }
        return absl::OkStatus();
      });
  if (IsPyStatus(read, "TypeError")) return WrongType(expected, value);
  if (!read.ok()) return read;
  if (items.size() != count) return WrongType(expected, value);
  value = Value::Tuple(std::move(items));
  return absl::OkStatus();
}

absl::StatusOr<std::string> BytesFrom(const CallContext& context, Value& value) {
  const bool has_items = value.IsTuple() || value.kind() == Value::Kind::kFrozenset;
  if (!has_items) {
    absl::StatusOr<std::string> memory = BufferFrom(context, value, ElementTypeOf<uint8_t>());
    if (memory.ok() || !IsPyStatus(memory.status(), "TypeError")) return memory;
    if (value.AsObject() == nullptr) return WrongType("bytes", value);
  }
  // These are ints, perhaps of an object that may not be asked for its memory.
  std::string data;
  absl::Status read = ConvertItems(context, value, Question::kInt, [&](Value& item) {
    absl::StatusOr<uint64_t> number = UintFrom(context, item, 0xff);
    if (!number.ok()) return std::move(number).status();
    data.push_back(static_cast<char>(*number));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return data;
}

absl::Status WrongCount(size_t expected, size_t got) {
  return PyStatus("ValueError", absl::StrCat("expected ", expected, " items, got ", got));
}

}  // namespace rpyc::cast_internal
