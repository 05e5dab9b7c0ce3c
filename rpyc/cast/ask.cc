#include "rpyc/cast/ask.h"

#include <complex>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rpyc/assert.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/limits.h"
#include "rpyc/netref_object.h"
#include "rpyc/object.h"

namespace rpyc::cast_internal {
namespace {

using Asked = absl::StatusOr<Value>;

bool IsInt(const Value& value) {
  return value.AsInt() != nullptr || value.AsBool() != nullptr || value.AsBigInt() != nullptr;
}

NetrefObject* AsNetref(const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  return object == nullptr ? nullptr : dynamic_cast<NetrefObject*>(object->get());
}

Asked Call(const CallContext& context, const Value& object, absl::string_view method,
           std::vector<Value> args = {}) {
  RPYC_ASSERT(object.AsObject() != nullptr);
  return (*object.AsObject())
      ->CallAttr(context, {.name = method, .exposed = false},
                 {.positional = std::move(args), .keyword = {}});
}

// Returns whether the object has no such method, or its owner's settings do not allow it.
bool HasNoAnswer(const Asked& answer) { return IsPyStatus(answer.status(), "AttributeError"); }

// Returns the error for `object`, which answered `answer`: a TypeError that says why, or what the
// object raised.
absl::Status RefusalError(absl::string_view expected, const Value& object, const Asked& answer) {
  if (HasNoAnswer(answer)) return WrongType(expected, object);
  std::string reason;
  if (answer.ok()) {
    reason = absl::StrCat("it answered with a ", answer->type_name());
  } else if (IsPyStatus(answer.status(), "TypeError")) {
    const RemoteException exception = ToException(answer.status());
    if (!exception.args.empty() && exception.args[0].AsStr() != nullptr) {
      reason = *exception.args[0].AsStr();
    }
  } else {
    return answer.status();
  }
  return WrongType(expected, object, reason);
}

// Python's own objects that travel by reference are no numbers, and neither are classes.
bool IsNoNumber(const Value& value) {
  return value.AsObject() == nullptr || absl::StartsWith(value.type_name(), "builtins.") ||
         (*value.AsObject())->is_class();
}

bool IsComplexOfNumpy(const Value& value) {
  return absl::StartsWith(value.type_name(), "numpy.c") &&
         absl::StrContains(value.type_name(), "complex");
}

// numpy's text types answer __float__ by reading their text.
bool IsTextOfNumpy(const Value& value) {
  return value.type_name() == "numpy.str_" || value.type_name() == "numpy.bytes_";
}

// numpy's time types answer __float__ by the count of their unit, whichever that is.
bool IsTimeOfNumpy(const Value& value) {
  return value.type_name() == "numpy.datetime64" || value.type_name() == "numpy.timedelta64";
}

bool IsBoolOfNumpy(const Value& value) {
  return value.type_name() == "numpy.bool_" || value.type_name() == "numpy.bool";
}

bool IsNoFloat(const Value& value) {
  return IsNoNumber(value) || IsComplexOfNumpy(value) || IsTextOfNumpy(value) ||
         IsTimeOfNumpy(value);
}

// Parses what Python writes for a complex number: "(1+2j)" and "2j".
bool ParseComplex(absl::string_view text, std::complex<double>* parsed) {
  if (absl::ConsumePrefix(&text, "(")) {
    if (!absl::ConsumeSuffix(&text, ")")) return false;
  }
  if (!absl::ConsumeSuffix(&text, "j")) return false;
  // This finds the sign between the two parts, which is not the sign of an exponent.
  size_t split = text.size();
  while (split > 1 &&
         !((text[split - 1] == '+' || text[split - 1] == '-') && text[split - 2] != 'e')) {
    --split;
  }
  double real = 0;
  double imaginary = 0;
  if (split <= 1) {
    if (!absl::SimpleAtod(text, &imaginary)) return false;
  } else if (!absl::SimpleAtod(text.substr(0, split - 1), &real) ||
             !absl::SimpleAtod(text.substr(split - 1), &imaginary)) {
    return false;
  }
  *parsed = {real, imaginary};
  return true;
}

// Reads the bytes from the repr() of a bytearray, "bytearray(b'a\\x00')"; a subclass shows its own
// name.
// Source:  CPython 3.11, Objects/bytearrayobject.c, bytearray_repr.
bool ParseByteArray(absl::string_view text, std::string* parsed) {
  const size_t open = text.find('(');
  if (open == text.npos || !absl::ConsumeSuffix(&text, ")")) return false;
  text.remove_prefix(open + 1);
  if (text.size() < 3 || text[0] != 'b' || (text[1] != '\'' && text[1] != '"')) return false;
  const char quote = text[1];
  if (text.back() != quote) return false;
  text = text.substr(2, text.size() - 3);
  parsed->reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == quote || !absl::ascii_isprint(static_cast<unsigned char>(text[i]))) return false;
    if (text[i] != '\\') {
      parsed->push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return false;
    switch (text[i]) {
      case 't':
        parsed->push_back('\t');
        break;
      case 'n':
        parsed->push_back('\n');
        break;
      case 'r':
        parsed->push_back('\r');
        break;
      case '\\':
      case '\'':
      case '"':
        parsed->push_back(text[i]);
        break;
      case 'x': {
        int byte;
        if (i + 2 >= text.size() || !absl::SimpleHexAtoi(text.substr(i + 1, 2), &byte)) {
          return false;
        }
        parsed->push_back(static_cast<char>(byte));
        i += 2;
        break;
      }
      default:
        return false;
    }
  }
  return true;
}

// Returns the bytes of an object that yields them one by one: as numbers, or as objects of
// `item_class`.
Asked BytesOfItems(const CallContext& context, const Value& object, absl::string_view item_class) {
  Bytes bytes;
  absl::Status read = ForEachBatch(
      context, object, Limits(), [&](size_t, std::vector<Value> items) -> absl::Status {
        for (const Value& item : items) {
          if (item.AsInt() == nullptr && item.type_name() != item_class) {
            return WrongType("bytes", object);
          }
        }
        absl::Status asked = AskAhead(context, Question::kInt, absl::MakeSpan(items));
        if (!asked.ok()) return asked;
        for (const Value& item : items) {
          const int64_t* number = item.AsInt();
          if (number == nullptr || *number < 0 || *number > 255) return WrongType("bytes", object);
          bytes.data.push_back(static_cast<char>(*number));
        }
        return absl::OkStatus();
      });
  if (!read.ok()) return read;
  return Value(std::move(bytes));
}

// Asks for object[:], which for a subclass of str or bytes is a plain str or bytes.
Asked AskWholeSlice(const CallContext& context, const Value& object) {
  return Call(context, object, "__getitem__", {Value::Slice(Value(), Value(), Value())});
}

}  // namespace

Asked AskInt(const CallContext& context, const Value& object) {
  if (IsNoNumber(object)) return WrongType("int", object);
  Asked answer = Call(context, object, "__index__");
  if (answer.ok() && IsInt(*answer)) return answer;
  return RefusalError("int", object, answer);
}

Asked AskFloat(const CallContext& context, const Value& object) {
  if (IsNoFloat(object)) return WrongType("float", object);
  Asked answer = Call(context, object, "__float__");
  if (answer.ok() && answer->AsFloat() != nullptr) return answer;
  if (HasNoAnswer(answer)) {
    answer = Call(context, object, "__index__");
    if (answer.ok() && IsInt(*answer)) return answer;
  }
  return RefusalError("float", object, answer);
}

Asked AskComplex(const CallContext& context, const Value& object) {
  if (IsNoNumber(object) || IsTextOfNumpy(object)) return WrongType("complex", object);
  if (IsComplexOfNumpy(object)) {
    // Its text is exact. Whatever else is exact would need settings that let us read attributes.
    absl::StatusOr<std::string> text = (*object.AsObject())->Str(context);
    if (!text.ok()) return text.status();
    std::complex<double> parsed;
    if (!ParseComplex(*text, &parsed)) return WrongType("complex", object);
    return Value(parsed);
  }
  Asked answer = AskFloat(context, object);
  if (answer.ok() || !IsPyStatus(answer.status(), "TypeError")) return answer;
  // For a subclass of complex this gives a plain complex. (Adding could turn -0.0 into 0.0.)
  answer = Call(context, object, "__sub__", {Value(std::complex<double>(0, 0))});
  if (answer.ok() && answer->AsComplex() != nullptr) return answer;
  return RefusalError("complex", object, answer);
}

Asked AskBool(const CallContext& context, const Value& object) {
  if (!IsBoolOfNumpy(object) || IsNoNumber(object)) return WrongType("bool", object);
  Asked answer = Call(context, object, "__bool__");
  if (answer.ok() && answer->AsBool() != nullptr) return answer;
  return RefusalError("bool", object, answer);
}

Asked AskText(const CallContext& context, const Value& object) {
  NetrefObject* const netref = AsNetref(object);
  if (netref == nullptr || IsNoNumber(object)) return WrongType("str", object);
  if (object.type_name() != "numpy.str_") {
    const absl::StatusOr<ClassTraits> traits = netref->Traits(context);
    if (!traits.ok()) return traits.status();
    if (!traits->is_text) return WrongType("str", object);
  }
  Asked answer = AskWholeSlice(context, object);
  if (answer.ok() && answer->AsStr() != nullptr) return answer;
  if (HasNoAnswer(answer)) {
    absl::StatusOr<std::string> text = netref->Str(context);
    if (text.ok()) return Value(*std::move(text));
    answer = text.status();
  }
  return RefusalError("str", object, answer);
}

Asked AskBytes(const CallContext& context, const Value& object) {
  NetrefObject* const netref = AsNetref(object);
  if (netref == nullptr || netref->is_class()) return WrongType("bytes", object);
  const absl::string_view name = object.type_name();
  const bool is_view = name == "builtins.memoryview";
  const bool is_array = name == "numpy.ndarray";
  bool is_bytearray = name == "builtins.bytearray";
  if (!is_view && !is_array && !is_bytearray) {
    if (IsNoNumber(object)) return WrongType("bytes", object);
    const absl::StatusOr<ClassTraits> traits = netref->Traits(context);
    if (!traits.ok()) return traits.status();
    if (traits->is_bytes) {
      Asked whole = AskWholeSlice(context, object);
      if (whole.ok() && whole->AsBytes() != nullptr) return whole;
      return RefusalError("bytes", object, whole);
    }
    if (!traits->is_bytearray && !traits->has_tobytes) return WrongType("bytes", object);
    is_bytearray = traits->is_bytearray;
  }
  if (is_bytearray) {
    absl::StatusOr<std::string> text = netref->Repr(context);
    if (!text.ok()) return text.status();
    Bytes bytes;
    if (ParseByteArray(*text, &bytes.data)) return Value(std::move(bytes));
    return BytesOfItems(context, object, {});
  }
  Asked answer = Call(context, object, "tobytes");
  if (answer.ok() && answer->AsBytes() != nullptr) return answer;
  if (HasNoAnswer(answer) && (is_view || is_array)) {
    answer = BytesOfItems(context, object, "numpy.uint8");
    if (answer.ok() || !IsPyStatus(answer.status(), "TypeError")) return answer;
  }
  if (!answer.ok() && !HasNoAnswer(answer) && !IsPyStatus(answer.status(), "TypeError"))
    return answer;
  return WrongType("bytes", object, "pass what its tobytes() gives");
}

absl::StatusOr<std::optional<Value>> AskPlainValue(const CallContext& context,
                                                   const Value& object) {
  NetrefObject* const netref = AsNetref(object);
  if (netref == nullptr || IsNoNumber(object)) return std::optional<Value>();
  Asked answer = Value();
  if (IsBoolOfNumpy(object)) {
    answer = AskBool(context, object);
  } else if (IsComplexOfNumpy(object)) {
    answer = AskComplex(context, object);
  } else {
    const absl::StatusOr<ClassTraits> traits = netref->Traits(context);
    if (!traits.ok()) return traits.status();
    if (traits->is_text) {
      answer = AskText(context, object);
    } else if (traits->is_bytes) {
      answer = AskBytes(context, object);
    } else if (traits->has_iter || traits->has_len) {
      return std::optional<Value>();
    } else if (traits->has_index) {
      answer = AskInt(context, object);
    } else if (traits->is_float ||
               (traits->has_float && absl::StartsWith(object.type_name(), "numpy.float"))) {
      answer = AskFloat(context, object);
    } else {
      return std::optional<Value>();
    }
  }
  if (!answer.ok()) return std::move(answer).status();
  return std::optional<Value>(*std::move(answer));
}

absl::StatusOr<bool> MayAnswer(const CallContext& context, Question question, bool items_too,
                               const Value& value) {
  NetrefObject* const netref = AsNetref(value);
  if (netref == nullptr || question == Question::kNone) return true;
  switch (question) {
    case Question::kBool:
      return IsBoolOfNumpy(value);
    case Question::kItems:
      if (!IsNoNumber(value)) break;
      return true;
    case Question::kBytes:
      if (!IsNoNumber(value)) break;
      return value.type_name() == "builtins.bytearray" ||
             value.type_name() == "builtins.memoryview";
    default:
      if (IsNoNumber(value)) return false;
  }
  const absl::StatusOr<ClassTraits> traits = netref->Traits(context);
  if (!traits.ok()) return traits.status();
  const bool is_number = (traits->has_index || traits->has_float) && !traits->has_len;
  const bool is_sequence = traits->has_iter || (traits->has_getitem && !is_number);
  const bool is_text = traits->is_text || traits->is_bytes;
  switch (question) {
    case Question::kInt:
      return traits->has_index && !is_text && !(items_too && is_sequence);
    case Question::kFloat:
      return (traits->has_index || traits->has_float) && !IsNoFloat(value) && !is_text &&
             !(items_too && is_sequence);
    case Question::kComplex:
      return !is_text && !(items_too && is_sequence);
    case Question::kText:
      return traits->is_text;
    case Question::kBytes:
      return traits->is_bytes || traits->is_bytearray || traits->has_tobytes;
    case Question::kItems:
      return is_sequence && !is_text;
    default:
      return true;
  }
}

absl::Status WrongObject(absl::string_view expected, const Value& value) {
  const NetrefObject* const netref = AsNetref(value);
  if (netref == nullptr || !netref->IsNamedLikeOurs()) return WrongType(expected, value);
  return WrongType(expected, value,
                   "another connection, or another process, gave it; pass it by the connection "
                   "that gave it, or have the service share its objects "
                   "(rpyc::Service::SharesObjects; not where connections have processes of their "
                   "own)");
}

absl::Status AskAhead(const CallContext& context, Question question, absl::Span<Value> items) {
  if (question != Question::kInt && question != Question::kFloat) return absl::OkStatus();
  std::vector<size_t> asked;
  std::shared_ptr<NetrefOwner> owner;
  for (size_t i = 0; i < items.size(); ++i) {
    const NetrefObject* const netref = AsNetref(items[i]);
    if (netref == nullptr) continue;
    if (question == Question::kInt ? IsNoNumber(items[i]) : IsNoFloat(items[i])) continue;
    if (owner == nullptr) owner = netref->owner();
    if (owner != nullptr && netref->BelongsTo(owner)) asked.push_back(i);
  }
  if (asked.size() < 2) return absl::OkStatus();
  const absl::string_view method = question == Question::kInt ? "__index__" : "__float__";
  return RequestConcurrently(
      context, *owner, asked.size(),
      [&](size_t i) { return AsNetref(items[asked[i]])->StartCallAttr(method, {}); },
      [&](size_t i, Asked answer) {
        const bool fits =
            answer.ok() &&
            (question == Question::kInt ? IsInt(*answer) : answer->AsFloat() != nullptr);
        if (fits) items[asked[i]] = *std::move(answer);
        return absl::OkStatus();
      });
}

}  // namespace rpyc::cast_internal
