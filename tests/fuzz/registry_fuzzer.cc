// This fuzzes messages of the registry, which any program can send that reaches its port: what is
// taken for a request can be sent and is the same again, and so can answers be.

#include "absl/status/status.h"
#include "registry/messages.h"
#include "tests/fuzz/fuzz_target.h"

namespace rpyc::fuzz {
namespace {

using Command = RegistryRequest::Command;

void CheckRequest(absl::string_view input) {
  const absl::StatusOr<RegistryRequest> request = ParseRegistryRequest(input);
  if (!request.ok()) {
    Check(absl::IsDataLoss(request.status()) || absl::IsInvalidArgument(request.status()),
          "no brine, or no request");
    return;
  }
  const bool has_port =
      request->command == Command::kRegister || request->command == Command::kUnregister;
  Check(has_port == (request->port >= 1 && request->port <= 65535), "a port where it belongs");
  Check(request->command != Command::kQuery || request->names.size() == 1, "one name is asked for");
  const absl::StatusOr<std::string> encoded = EncodeRegistryRequest(*request);
  Check(encoded.ok(), "what was read can be sent");
  const absl::StatusOr<RegistryRequest> again = ParseRegistryRequest(*encoded);
  Check(again.ok(), "and read");
  Check(again->command == request->command && again->names == request->names &&
            again->port == request->port && again->filter_host == request->filter_host,
        "and is the same");
}

void CheckReplies(absl::string_view input) {
  ParseOkReply(input).IgnoreError();
  if (const auto servers = ParseServersReply(input); servers.ok()) {
    const auto again = ParseServersReply(EncodeServersReply(*servers, kMaxRegistryListBytes));
    Check(again.ok() && again->size() <= servers->size(), "servers, as many as there is room for");
  }
  if (const auto names = ParseNamesReply(input); names.ok()) {
    const auto again = ParseNamesReply(EncodeNamesReply(*names, kMaxRegistryListBytes));
    Check(again.ok() && again->size() <= names->size(), "names, as many as there is room for");
  }
}

}  // namespace

std::vector<std::string> Seeds() {
  const auto request = [](RegistryRequest of) { return *EncodeRegistryRequest(of); };
  return {
      request({.command = Command::kQuery, .names = {"CALCULATOR"}}),
      request({.command = Command::kRegister, .names = {"CALCULATOR", "C"}, .port = 18861}),
      request({.command = Command::kUnregister, .port = 18861}),
      request({.command = Command::kList}),
      request({.command = Command::kList, .filter_host = "127.0.0.1"}),
      EncodeOkReply(),
      EncodeServersReply({{"127.0.0.1", 18861}, {"::1", 18862}}, kMaxRegistryReplyBytes),
      EncodeNamesReply({"CALCULATOR", "ECHO"}, kMaxRegistryReplyBytes),
      EncodeDeniedReply(),
  };
}

}  // namespace rpyc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rpyc::fuzz;
  const absl::string_view input = Text(data, size);
  CheckRequest(input);
  CheckReplies(input);
  return 0;
}
