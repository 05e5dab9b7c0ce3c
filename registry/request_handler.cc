#include "registry/request_handler.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace rpyc {
namespace {

// Replies "OK" once the change is made.
RegistryStore::Done ThenOk(RegistryRequestHandler::Reply reply) {
  return [reply = std::move(reply)](absl::Status status) mutable {
    if (!status.ok()) return std::move(reply)(std::move(status));
    std::move(reply)(EncodeOkReply());
  };
}

}  // namespace

void RegistryRequestHandler::Handle(const RegistryRequest& request, absl::string_view source,
                                    const ReplySizes& sizes, Reply reply) {
  switch (request.command) {
    case RegistryRequest::Command::kRegister: {
      RegisterRequest registered{
          .host = std::string(source), .port = request.port, .source = std::string(source)};
      for (const std::string& name : request.names) {
        registered.names.push_back(absl::AsciiStrToUpper(name));
      }
      return store_.Register(std::move(registered), ThenOk(std::move(reply)));
    }
    case RegistryRequest::Command::kUnregister:
      return store_.Unregister(source, request.port, ThenOk(std::move(reply)));
    case RegistryRequest::Command::kQuery: {
      std::vector<ServerAddress> servers;
      for (const std::string& name : request.names) {
        for (Registration& found : store_.table().Find(absl::AsciiStrToUpper(name))) {
          servers.push_back({std::move(found.key.host), found.key.port});
        }
      }
      return std::move(reply)(EncodeServersReply(servers, sizes.servers));
    }
    case RegistryRequest::Command::kList:
      if (!allow_listing_) return std::move(reply)(EncodeDeniedReply());
      return std::move(reply)(
          EncodeNamesReply(store_.table().Names(request.filter_host, sizes.names), sizes.names));
  }
}

}  // namespace rpyc
