#include "registry/messages.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/value.h"

namespace rpyc {
namespace {

constexpr absl::string_view kMagic = "RPYC";

// The names of the commands on the wire.
struct CommandRow {
  RegistryRequest::Command command;
  absl::string_view name;
};
constexpr CommandRow kCommands[] = {
    {RegistryRequest::Command::kRegister, "REGISTER"},
    {RegistryRequest::Command::kUnregister, "UNREGISTER"},
    {RegistryRequest::Command::kQuery, "QUERY"},
    {RegistryRequest::Command::kList, "LIST"},
};

// The most bytes that a tuple's tag and count take.
constexpr size_t kTupleHeaderBytes = 5;

// Bounds what decoding a message costs. A message of 1500 bytes holds at most some 1400 values.
const Limits& MessageLimits() {
  static const Limits* const limits = [] {
    auto* made = new Limits;
    made->max_decoded_bytes = 1 << 20;
    made->max_nesting = 8;
    made->max_int_digits = 20;
    return made;
  }();
  return *limits;
}

absl::Status NotARequest(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("registry request: ", what));
}

absl::Status NotAReply(absl::string_view wanted, const Value& value) {
  return absl::InvalidArgumentError(
      absl::StrCat("registry reply: expected ", wanted, ", found ", value.DebugString()));
}

absl::Status TakePort(const Value& value, int* port) {
  const int64_t* number = value.AsInt();
  if (number == nullptr || *number < 1 || *number > UINT16_MAX) {
    return NotARequest(absl::StrCat("port ", value.DebugString(), " is no int of 1 to 65535"));
  }
  *port = static_cast<int>(*number);
  return absl::OkStatus();
}

absl::Status TakeName(const Value& value, std::vector<std::string>* names) {
  const std::string* name = value.AsStr();
  if (name == nullptr) return NotARequest(absl::StrCat("name ", value.DebugString(), " is no str"));
  names->push_back(*name);
  return absl::OkStatus();
}

absl::Status TakeRegister(absl::Span<const Value> args, RegistryRequest* request) {
  if (args.size() != 2) return NotARequest("REGISTER takes the aliases and the port");
  if (!args[0].IsTuple()) return NotARequest("REGISTER: the aliases are no tuple");
  for (const Value& alias : args[0].items()) {
    absl::Status taken = TakeName(alias, &request->names);
    if (!taken.ok()) return taken;
  }
  return TakePort(args[1], &request->port);
}

absl::Status TakeList(absl::Span<const Value> args, RegistryRequest* request) {
  if (args.size() != 1 || !args[0].IsTuple() || args[0].items().empty()) {
    return NotARequest("LIST takes a tuple with the host");
  }
  const Value& host = args[0].items()[0];
  if (host.is_none()) return absl::OkStatus();
  if (host.AsStr() == nullptr) return NotARequest("LIST: the host is no str");
  request->filter_host = *host.AsStr();
  return absl::OkStatus();
}

absl::Status TakeArguments(absl::Span<const Value> args, RegistryRequest* request) {
  switch (request->command) {
    case RegistryRequest::Command::kRegister:
      return TakeRegister(args, request);
    case RegistryRequest::Command::kUnregister:
      if (args.size() != 1) return NotARequest("UNREGISTER takes the port");
      return TakePort(args[0], &request->port);
    case RegistryRequest::Command::kQuery:
      if (args.size() != 1) return NotARequest("QUERY takes the name");
      return TakeName(args[0], &request->names);
    case RegistryRequest::Command::kList:
      return TakeList(args, request);
  }
  return NotARequest("unknown command");
}

std::vector<Value> Arguments(const RegistryRequest& request) {
  switch (request.command) {
    case RegistryRequest::Command::kRegister:
      return {Value::Tuple(std::vector<Value>(request.names.begin(), request.names.end())),
              request.port};
    case RegistryRequest::Command::kUnregister:
      return {request.port};
    case RegistryRequest::Command::kQuery:
      return {request.names.empty() ? Value("") : Value(request.names.front())};
    case RegistryRequest::Command::kList:
      return {
          Value::Tuple({request.filter_host.empty() ? Value(None()) : Value(request.filter_host)})};
  }
  return {};
}

// Encodes a value that this file has made, which cannot fail.
std::string Encoded(const Value& value) {
  return brine::EncodeToString(value, MessageLimits()).value_or("");
}

// Encodes a tuple of as many `items` from the front as fit into `max_bytes`.
std::string EncodeSome(std::vector<Value> items, size_t max_bytes) {
  size_t bytes = kTupleHeaderBytes;
  size_t fit = 0;
  for (; fit < items.size(); ++fit) {
    bytes += Encoded(items[fit]).size();
    if (bytes > max_bytes) break;
  }
  items.erase(items.begin() + static_cast<ptrdiff_t>(fit), items.end());
  return Encoded(Value::Tuple(std::move(items)));
}

}  // namespace

absl::StatusOr<RegistryRequest> ParseRegistryRequest(absl::string_view bytes) {
  const absl::StatusOr<Value> value = brine::Decode(bytes, MessageLimits());
  if (absl::IsResourceExhausted(value.status())) return NotARequest(value.status().message());
  if (!value.ok()) {
    return absl::DataLossError(absl::StrCat("registry request: ", value.status().message()));
  }
  const absl::Span<const Value> parts = value->items();
  if (!value->IsTuple() || parts.size() != 3 || !parts[2].IsTuple()) {
    return NotARequest("not (magic, command, arguments)");
  }
  const std::string* magic = parts[0].AsStr();
  if (magic == nullptr || *magic != kMagic) {
    return NotARequest(absl::StrCat("magic ", parts[0].DebugString()));
  }
  const std::string* name = parts[1].AsStr();
  for (const CommandRow& row : kCommands) {
    if (name == nullptr || !absl::EqualsIgnoreCase(*name, row.name)) continue;
    RegistryRequest request{.command = row.command};
    absl::Status taken = TakeArguments(parts[2].items(), &request);
    if (!taken.ok()) return taken;
    return request;
  }
  return NotARequest(absl::StrCat("unknown command ", parts[1].DebugString()));
}

absl::StatusOr<std::string> EncodeRegistryRequest(const RegistryRequest& request) {
  absl::string_view name;
  for (const CommandRow& row : kCommands) {
    if (row.command == request.command) name = row.name;
  }
  return brine::EncodeToString(Value::Tuple({kMagic, name, Value::Tuple(Arguments(request))}),
                               MessageLimits());
}

std::string EncodeOkReply() { return Encoded("OK"); }

std::string EncodeServersReply(const std::vector<ServerAddress>& servers, size_t max_bytes) {
  std::vector<Value> items;
  items.reserve(servers.size());
  for (const ServerAddress& server : servers) {
    items.push_back(Value::Tuple({server.host, server.port}));
  }
  return EncodeSome(std::move(items), max_bytes);
}

std::string EncodeNamesReply(const std::vector<std::string>& names, size_t max_bytes) {
  return EncodeSome(std::vector<Value>(names.begin(), names.end()), max_bytes);
}

std::string EncodeDeniedReply() { return Encoded(None()); }

absl::Status ParseOkReply(absl::string_view bytes) {
  const absl::StatusOr<Value> value = brine::Decode(bytes, MessageLimits());
  if (!value.ok()) return value.status();
  const std::string* text = value->AsStr();
  return text != nullptr && *text == "OK" ? absl::OkStatus() : NotAReply("'OK'", *value);
}

absl::StatusOr<std::vector<ServerAddress>> ParseServersReply(absl::string_view bytes) {
  const absl::StatusOr<Value> value = brine::Decode(bytes, MessageLimits());
  if (!value.ok()) return value.status();
  if (!value->IsTuple()) return NotAReply("a tuple of servers", *value);
  std::vector<ServerAddress> servers;
  for (const Value& item : value->items()) {
    const absl::Span<const Value> pair = item.items();
    const bool good = item.IsTuple() && pair.size() == 2 && pair[0].AsStr() != nullptr &&
                      pair[1].AsInt() != nullptr && *pair[1].AsInt() > 0 &&
                      *pair[1].AsInt() <= UINT16_MAX;
    // RPyC's own registry checks nothing, so its answer may hold entries that are not addresses.
    if (good) servers.push_back({*pair[0].AsStr(), static_cast<int>(*pair[1].AsInt())});
  }
  return servers;
}

absl::StatusOr<std::vector<std::string>> ParseNamesReply(absl::string_view bytes) {
  const absl::StatusOr<Value> value = brine::Decode(bytes, MessageLimits());
  if (!value.ok()) return value.status();
  if (value->is_none()) {
    return absl::PermissionDeniedError("the registry does not allow listing");
  }
  if (!value->IsTuple()) return NotAReply("a tuple of names", *value);
  std::vector<std::string> names;
  for (const Value& item : value->items()) {
    if (item.AsStr() == nullptr) return NotAReply("a tuple of names", *value);
    names.push_back(*item.AsStr());
  }
  return names;
}

}  // namespace rpyc
