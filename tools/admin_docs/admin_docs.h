#ifndef RPYC_TOOLS_ADMIN_DOCS_ADMIN_DOCS_H_
#define RPYC_TOOLS_ADMIN_DOCS_ADMIN_DOCS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// The page on the control plane's API, docs/admin-api.md.
struct AdminDocs {
  std::string markdown;
  // Full names of services, methods, messages, fields, enums and values without a comment.
  std::vector<std::string> without_comment;
};

// Makes it of a serialized FileDescriptorSet with source information, as protoc writes it. The
// well-known types (google/protobuf) are not described.
// Errors:  kInvalidArgument - not a FileDescriptorSet, or not a whole one.
absl::StatusOr<AdminDocs> MakeAdminDocs(absl::string_view descriptor_set);

}  // namespace rpyc

#endif  // RPYC_TOOLS_ADMIN_DOCS_ADMIN_DOCS_H_
