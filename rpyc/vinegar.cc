#include "rpyc/vinegar.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rpyc/brine.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

constexpr absl::string_view kRemoteLineStart = "\n\n========= Remote Traceback ";

size_t Count(absl::string_view text, absl::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

// Whether it is one of Python's own exceptions whose text is made of an error number.
constexpr absl::string_view kOsErrors[] = {"BlockingIOError",
                                           "BrokenPipeError",
                                           "ChildProcessError",
                                           "ConnectionError",
                                           "ConnectionAbortedError",
                                           "ConnectionRefusedError",
                                           "ConnectionResetError",
                                           "FileExistsError",
                                           "FileNotFoundError",
                                           "InterruptedError",
                                           "IsADirectoryError",
                                           "NotADirectoryError",
                                           "OSError",
                                           "PermissionError",
                                           "ProcessLookupError",
                                           "TimeoutError"};

const Value* FindAttribute(const RemoteException& exception, absl::string_view name) {
  for (const auto& [known, value] : exception.attributes) {
    if (known == name) return &value;
  }
  return nullptr;
}

std::string OsErrorText(const RemoteException& exception) {
  const std::vector<Value>& args = exception.args;
  const auto text = [](const Value& value) {
    const std::string* str = value.AsStr();
    return str != nullptr ? *str : value.DebugString();
  };
  std::string shown = absl::StrCat("[Errno ", text(args[0]), "] ", text(args[1]));
  // A peer has taken the file name out of the arguments; C++ may have left it there.
  const Value* file = FindAttribute(exception, "filename");
  if (file == nullptr && args.size() > 2) file = &args[2];
  if (file != nullptr && !file->is_none()) absl::StrAppend(&shown, ": ", file->DebugString());
  const Value* other = FindAttribute(exception, "filename2");
  if (other != nullptr && !other->is_none()) absl::StrAppend(&shown, " -> ", other->DebugString());
  return shown;
}

// A client of RPyC gives a class that it does not know this module, and a name with the module in
// it.
// Source:  RPyC core/vinegar.py, load, 4.1.0 to 6.0.2.
void NameAsAtItsOrigin(RemoteException& exception) {
  absl::string_view module = exception.module;
  absl::string_view name = exception.name;
  if (absl::ConsumePrefix(&module, "rpyc.core.vinegar/") && absl::ConsumePrefix(&name, module) &&
      absl::ConsumePrefix(&name, ".")) {
    exception.name = std::string(name);
    exception.module = std::string(module);
  }
}

}  // namespace

std::string RemoteException::Text() const {
  if (args.empty()) return "";
  if (module == "builtins" && args.size() >= 2 && args.size() <= 5 &&
      absl::c_linear_search(kOsErrors, name)) {
    return OsErrorText(*this);
  }
  if (args.size() > 1) return Value::Tuple(args).DebugString();
  const std::string* message = args[0].AsStr();
  if (message == nullptr || Is("KeyError")) return args[0].DebugString();
  return *message;
}

std::string RemoteException::Summary() const {
  const bool is_builtin = module == "builtins" || module == "__main__";
  std::string summary = is_builtin ? name : absl::StrCat(module, ".", name);
  const std::string text = Text();
  if (!text.empty()) absl::StrAppend(&summary, ": ", text);
  return summary;
}

std::string RemoteException::TracebackText() const {
  std::string text = traceback.empty() ? absl::StrCat("Traceback (most recent call last):\n  C++\n",
                                                      Summary(), "\n")
                                       : traceback;
  if (!remote_traceback.has_value()) return text;
  // Python writes the remote part into str(exception), which is the last line of our part.
  if (absl::EndsWith(text, "\n")) text.pop_back();
  const size_t hops = 1 + Count(*remote_traceback, kRemoteLineStart);
  absl::StrAppend(&text, kRemoteLineStart, "(", hops, ") =========\n", *remote_traceback, "\n");
  return text;
}

namespace vinegar {
namespace {

Value MadeEncodable(Value value) {
  if (std::string* text = value.MutableStr()) return Value(MendedUtf8(std::move(*text)));
  // An exception is encoded some levels deep in other tuples.
  static constexpr int kLevelsAround = 8;
  Limits limits;
  limits.max_nesting -= kLevelsAround;
  if (value.by_value() && brine::EncodeToString(value, limits).ok()) return value;
  return Value(MendedUtf8(value.DebugString()));
}

}  // namespace

RemoteException MadeEncodable(RemoteException exception) {
  exception.module = MendedUtf8(std::move(exception.module));
  exception.name = MendedUtf8(std::move(exception.name));
  exception.traceback = MendedUtf8(std::move(exception.traceback));
  if (exception.remote_traceback.has_value()) {
    exception.remote_traceback = MendedUtf8(*std::move(exception.remote_traceback));
  }
  for (Value& arg : exception.args) arg = MadeEncodable(std::move(arg));
  for (auto& [name, value] : exception.attributes) {
    name = MendedUtf8(std::move(name));
    value = MadeEncodable(std::move(value));
  }
  return exception;
}

Value Dump(const RemoteException& exception, const DumpOptions& options) {
  if (exception.module == "builtins" && exception.name == "StopIteration") {
    return Value(kExcStopIteration);
  }
  RemoteException safe = MadeEncodable(exception);
  std::string traceback = "<traceback denied>";
  if (options.include_traceback) {
    traceback = MendedUtf8(safe.TracebackText());
  }
  std::vector<Value> attributes;
  for (auto& [name, value] : safe.attributes) {
    attributes.push_back(Value::Tuple({Value(std::move(name)), std::move(value)}));
  }
  attributes.push_back(Value::Tuple({Value("_remote_version"), Value(options.version)}));
  return Value::Tuple({Value::Tuple({Value(std::move(safe.module)), Value(std::move(safe.name))}),
                       Value::Tuple(std::move(safe.args)), Value::Tuple(std::move(attributes)),
                       Value(std::move(traceback))});
}

namespace {

RemoteException NoException(const Value& dumped) {
  return RemoteException{.name = "TypeError",
                         .args = {Value(absl::StrCat("the peer raised what is no exception: ",
                                                     dumped.DebugString()))}};
}

// Whether a class of that name can be made at the next peer.
bool IsClassName(const Value& value) {
  const std::string* text = value.AsStr();
  return text != nullptr && text->find('\0') == text->npos;
}

bool IsOfEveryException(absl::string_view attribute) {
  return absl::StartsWith(attribute, "_") || attribute == "args" || attribute == "add_note" ||
         attribute == "with_traceback";
}

}  // namespace

RemoteException Load(const Value& dumped) {
  if (dumped == Value(kExcStopIteration) || dumped == Value(true)) {
    return RemoteException{.name = "StopIteration", .remote_traceback = ""};
  }
  const absl::Span<const Value> fields = dumped.items();
  const bool has_fields = dumped.IsTuple() && fields.size() == 4;
  const absl::Span<const Value> names = has_fields ? fields[0].items() : fields;
  if (!has_fields || !fields[0].IsTuple() || names.size() != 2 || !IsClassName(names[0]) ||
      !IsClassName(names[1]) || !fields[1].IsTuple() || !fields[2].IsTuple() ||
      fields[3].AsStr() == nullptr) {
    return NoException(dumped);
  }
  RemoteException exception;
  exception.module = *names[0].AsStr();
  exception.name = *names[1].AsStr();
  NameAsAtItsOrigin(exception);
  exception.args.assign(fields[1].items().begin(), fields[1].items().end());
  for (const Value& pair : fields[2].items()) {
    if (!pair.IsTuple() || pair.items().size() != 2) continue;
    const std::string* name = pair.items()[0].AsStr();
    if (name == nullptr || IsOfEveryException(*name)) continue;
    exception.attributes.emplace_back(*name, pair.items()[1]);
  }
  exception.remote_traceback = *fields[3].AsStr();
  return exception;
}

}  // namespace vinegar
}  // namespace rpyc
