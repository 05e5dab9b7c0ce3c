#include "rpyc/cast/ask_buffer.h"

#include <bit>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask.h"
#include "rpyc/cast/cast.h"
#include "rpyc/errors.h"
#include "rpyc/netref_object.h"
#include "rpyc/object.h"

namespace rpyc::cast_internal {
namespace {

constexpr absl::string_view kHowTo = "pass what its tobytes() gives";

absl::StatusOr<Value> Get(const CallContext& context, const Value& object, absl::string_view name) {
  return (*object.AsObject())->GetAttr(context, {.name = name, .exposed = false});
}

absl::StatusOr<Value> Call(const CallContext& context, const Value& object, absl::string_view name,
                           std::vector<Value> args = {}) {
  return (*object.AsObject())
      ->CallAttr(context, {.name = name, .exposed = false},
                 {.positional = std::move(args), .keyword = {}});
}

absl::Status Refusal(const Value& object, ElementType element, absl::string_view reason = kHowTo) {
  return WrongType(absl::StrCat("a buffer of ", element.Name()), object, reason);
}

// What may not be asked, or has no answer, becomes a TypeError that says what to pass instead.
absl::Status NoAnswerError(const Value& object, ElementType element, const absl::Status& error) {
  if (IsPyStatus(error, "AttributeError")) return Refusal(object, element);
  if (!IsPyStatus(error, "TypeError")) return error;
  const RemoteException exception = ToException(error);
  const std::string* text = exception.args.empty() ? nullptr : exception.args[0].AsStr();
  return Refusal(object, element, text == nullptr ? kHowTo : absl::string_view(*text));
}

// Returns the kind that a code of Python's struct module stands for, or nothing if it is no plain
// number or has another byte order.
// Source:  CPython, "Format Characters" of the struct module.
std::optional<char> KindOfFormat(absl::string_view format) {
  if (format.size() == 2 &&
      (format[0] == '@' || format[0] == '=' ||
       format[0] == (std::endian::native == std::endian::little ? '<' : '>'))) {
    format.remove_prefix(1);
  }
  if (format == "Zf" || format == "Zd") return 'c';
  if (format.size() != 1) return std::nullopt;
  if (absl::string_view("bhilqn").find(format[0]) != absl::string_view::npos) return 'i';
  if (absl::string_view("BHILQNc").find(format[0]) != absl::string_view::npos) return 'u';
  if (absl::string_view("fd").find(format[0]) != absl::string_view::npos) return 'f';
  return std::nullopt;
}

// Reads a memoryview or an array.array, whose `format` says what it holds.
absl::StatusOr<std::string> AskTyped(const CallContext& context, const Value& object,
                                     absl::string_view format_name, ElementType element) {
  const absl::StatusOr<Value> format = Get(context, object, format_name);
  if (!format.ok()) return NoAnswerError(object, element, format.status());
  const absl::StatusOr<Value> size = Get(context, object, "itemsize");
  if (!size.ok()) return NoAnswerError(object, element, size.status());
  if (format->AsStr() == nullptr || size->AsInt() == nullptr) return Refusal(object, element);
  const std::optional<char> kind = KindOfFormat(*format->AsStr());
  const bool plain_bytes = kind == 'u' && *size->AsInt() == 1;
  const bool same = kind == element.kind && *size->AsInt() == static_cast<int64_t>(element.size);
  if (!plain_bytes && !same) {
    return Refusal(object, element,
                   absl::StrCat("its items are of the type '", *format->AsStr(), "'"));
  }
  absl::StatusOr<Value> bytes = Call(context, object, "tobytes");
  if (!bytes.ok()) return NoAnswerError(object, element, bytes.status());
  if (bytes->MutableBytes() == nullptr) return Refusal(object, element);
  return std::move(bytes->MutableBytes()->data);
}

absl::StatusOr<std::string> AskArray(const CallContext& context, const Value& array,
                                     ElementType element) {
  // If the array has this type already and is contiguous, this is the array itself.
  const absl::StatusOr<Value> converted =
      Call(context, array, "astype",
           {Value(element.Dtype()), Value("C"), Value("safe"), Value(false), Value(false)});
  if (!converted.ok()) return NoAnswerError(array, element, converted.status());
  if (converted->AsObject() == nullptr) return Refusal(array, element);
  absl::StatusOr<Value> bytes = Call(context, *converted, "tobytes");
  if (!bytes.ok()) return NoAnswerError(array, element, bytes.status());
  if (bytes->MutableBytes() == nullptr) return Refusal(array, element);
  return std::move(bytes->MutableBytes()->data);
}

absl::StatusOr<std::string> AskMemory(const CallContext& context, const Value& object,
                                      ElementType element) {
  auto* const netref = dynamic_cast<NetrefObject*>(object.AsObject()->get());
  if (netref == nullptr || netref->is_class()) return Refusal(object, element, "");
  const absl::string_view name = object.type_name();
  if (name == "numpy.ndarray") return AskArray(context, object, element);
  if (name == "array.array") return AskTyped(context, object, "typecode", element);
  if (name == "builtins.memoryview") return AskTyped(context, object, "format", element);
  absl::StatusOr<Value> bytes = WrongType("bytes", object);
  if (name == "builtins.bytearray") {
    bytes = AskBytes(context, object);
  } else if (!absl::StartsWith(name, "builtins.")) {
    const absl::StatusOr<ClassTraits> traits = netref->Traits(context);
    if (!traits.ok()) return traits.status();
    // Any other object with a tobytes may hold whatever it likes.
    if (traits->is_bytes || traits->is_bytearray) bytes = AskBytes(context, object);
    if (traits->has_tobytes) return Refusal(object, element);
  }
  if (bytes.ok()) return std::move(bytes->MutableBytes()->data);
  if (IsPyStatus(bytes.status(), "TypeError")) return Refusal(object, element, "");
  return std::move(bytes).status();
}

}  // namespace

std::string ElementType::Dtype() const {
  const char order = size == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  return absl::StrCat(std::string(1, order), std::string(1, kind), size);
}

std::string ElementType::Name() const {
  const absl::string_view word = kind == 'i'   ? "int"
                                 : kind == 'u' ? "uint"
                                 : kind == 'f' ? "float"
                                               : "complex";
  return absl::StrCat(word, 8 * size);
}

absl::StatusOr<std::string> BufferFrom(const CallContext& context, Value& value,
                                       ElementType element) {
  absl::StatusOr<std::string> data = std::string();
  if (Bytes* bytes = value.MutableBytes()) {
    data = std::move(bytes->data);
  } else if (value.AsObject() != nullptr) {
    data = AskMemory(context, value, element);
  } else {
    return Refusal(value, element, "");
  }
  if (data.ok() && data->size() % element.size != 0) {
    return PyStatus("ValueError", absl::StrCat("expected items of ", element.size, " bytes (",
                                               element.Name(), "), got ", data->size(), " bytes"));
  }
  return data;
}

absl::StatusOr<std::vector<size_t>> AskShape(const CallContext& context, const Value& array,
                                             ElementType element) {
  const absl::StatusOr<Value> shape = Get(context, array, "shape");
  if (!shape.ok()) return NoAnswerError(array, element, shape.status());
  std::vector<size_t> lengths;
  for (const Value& length : shape->items()) {
    if (length.AsInt() == nullptr || *length.AsInt() < 0) return Refusal(array, element);
    lengths.push_back(static_cast<size_t>(*length.AsInt()));
  }
  return lengths;
}

absl::StatusOr<size_t> CountOf(const std::vector<size_t>& shape) {
  size_t count = 1;
  for (const size_t length : shape) {
    if (length != 0 && count > std::numeric_limits<size_t>::max() / length) {
      return PyStatus("ValueError", "the shape has more items than memory can hold");
    }
    count *= length;
  }
  return count;
}

}  // namespace rpyc::cast_internal
