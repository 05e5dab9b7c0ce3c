#include "server/admin/status_to_grpc.h"

#include <grpcpp/support/error_details.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "rpyc/utf8.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// The message is sent twice, as grpc-message (up to three bytes for each) and inside the details
// (four for three). 8 KiB hold both.
constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxMetadataBytes = 256;

// Cuts `text` between two characters. It also mends it, since it may quote a peer, and a protobuf
// message with text that is not UTF-8 cannot be read.
std::string Cut(absl::string_view text, size_t max_bytes) {
  std::string mended = MendedUtf8(std::string(text));
  if (mended.size() <= max_bytes) return mended;
  return absl::StrCat(
      mended.substr(0, ValidUtf8Prefix(absl::string_view(mended).substr(0, max_bytes))), "...");
}

}  // namespace

google::rpc::Status StatusToProto(const absl::Status& status) {
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));  // the same numbers
  if (status.ok()) return proto;
  proto.set_message(Cut(status.message(), kMaxMessageBytes));
  const Reason reason = GetReason(status);
  if (!reason.reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason.reason);
    info.set_domain("rpyc.admin");
    for (const auto& [key, value] : reason.metadata) {
      (*info.mutable_metadata())[key] = Cut(value, kMaxMetadataBytes);
    }
    proto.add_details()->PackFrom(info);
  }
  return proto;
}

grpc::Status StatusToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  grpc::Status result;
  grpc::SetErrorDetails(StatusToProto(status), &result);
  return result;
}

}  // namespace rpyc
