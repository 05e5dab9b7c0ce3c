#include "rpyc/errors.h"

#include <iterator>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "rpyc/brine.h"

namespace rpyc {
namespace {

constexpr absl::string_view kPayloadUrl = "rpychost/exception";

struct CodeRow {
  absl::StatusCode code;
  absl::string_view python_class;
};

// The first row of a code says which class a plain status becomes; the other rows of that code only
// say the code of a class.
constexpr CodeRow kCodes[] = {
    {absl::StatusCode::kInvalidArgument, "ValueError"},
    {absl::StatusCode::kInvalidArgument, "TypeError"},
    {absl::StatusCode::kNotFound, "KeyError"},
    {absl::StatusCode::kNotFound, "AttributeError"},
    {absl::StatusCode::kOutOfRange, "IndexError"},
    {absl::StatusCode::kOutOfRange, "OverflowError"},
    {absl::StatusCode::kOutOfRange, "StopIteration"},
    {absl::StatusCode::kPermissionDenied, "PermissionError"},
    {absl::StatusCode::kUnimplemented, "NotImplementedError"},
    {absl::StatusCode::kDeadlineExceeded, "TimeoutError"},
    {absl::StatusCode::kUnavailable, "ConnectionError"},
    {absl::StatusCode::kResourceExhausted, "MemoryError"},
};

absl::StatusCode CodeOf(absl::string_view python_class) {
  for (const CodeRow& row : kCodes) {
    if (row.python_class == python_class) return row.code;
  }
  return absl::StatusCode::kUnknown;
}

absl::string_view ClassOfCode(absl::StatusCode code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row.python_class;
  }
  return "RuntimeError";
}

// The payload of a Status is a string, so the exception travels in it as brine. This data is ours:
// the generous limits only guard against a bug.
Value Pack(const RemoteException& exception) {
  std::vector<Value> attributes;
  for (const auto& [name, value] : exception.attributes) {
    attributes.push_back(Value::Tuple({Value(name), value}));
  }
  return Value::Tuple({Value(exception.module), Value(exception.name), Value::Tuple(exception.args),
                       Value::Tuple(std::move(attributes)), Value(exception.traceback),
                       exception.remote_traceback ? Value(*exception.remote_traceback) : Value()});
}

RemoteException Unpack(const Value& packed) {
  RemoteException exception;
  const absl::Span<const Value> fields = packed.items();
  exception.module = *fields[0].AsStr();
  exception.name = *fields[1].AsStr();
  exception.args.assign(fields[2].items().begin(), fields[2].items().end());
  for (const Value& pair : fields[3].items()) {
    exception.attributes.emplace_back(*pair.items()[0].AsStr(), pair.items()[1]);
  }
  exception.traceback = *fields[4].AsStr();
  if (const std::string* remote = fields[5].AsStr()) exception.remote_traceback = *remote;
  return exception;
}

}  // namespace

absl::Status PyStatus(RemoteException exception) {
  absl::Status status(CodeOf(exception.name), exception.Summary());
  absl::StatusOr<std::string> packed =
      brine::EncodeToString(Pack(vinegar::MadeEncodable(std::move(exception))), Limits());
  if (packed.ok()) status.SetPayload(kPayloadUrl, absl::Cord(*std::move(packed)));
  return status;
}

absl::Status PyStatus(absl::string_view python_class, absl::string_view message) {
  return PyStatus(RemoteException{.name = std::string(python_class), .args = {Value(message)}});
}

bool IsPyStatus(const absl::Status& status) { return status.GetPayload(kPayloadUrl).has_value(); }

bool IsPyStatus(const absl::Status& status, absl::string_view python_class) {
  if (status.code() != CodeOf(python_class) || !IsPyStatus(status)) return false;
  const RemoteException exception = ToException(status);
  return exception.Is(python_class);
}

RemoteException ToException(const absl::Status& status) {
  if (absl::optional<absl::Cord> packed = status.GetPayload(kPayloadUrl)) {
    absl::StatusOr<Value> value = brine::Decode(std::string(*packed), Limits());
    if (value.ok()) return Unpack(*value);
  }
  return RemoteException{.name = std::string(ClassOfCode(status.code())),
                         .args = {Value(status.message())}};
}

PyError::PyError(absl::string_view module, absl::string_view name, absl::string_view message)
    : PyError(RemoteException{
          .module = std::string(module), .name = std::string(name), .args = {Value(message)}}) {}

PyError::PyError(RemoteException exception)
    : exception_(std::move(exception)), what_(exception_.Summary()) {}

const Value* RemoteError::attribute(absl::string_view name) const {
  for (const auto& [known, value] : exception().attributes) {
    if (known == name) return &value;
  }
  return nullptr;
}

const std::string& RemoteError::traceback() const {
  static const std::string* const none = new std::string;
  return from_peer() ? *exception().remote_traceback : *none;
}

void ThrowStatus(const absl::Status& status) { throw RemoteError(ToException(status)); }

}  // namespace rpyc
