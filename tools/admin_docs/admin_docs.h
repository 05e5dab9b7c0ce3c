#ifndef RPYC_TOOLS_ADMIN_DOCS_ADMIN_DOCS_H_
#define RPYC_TOOLS_ADMIN_DOCS_ADMIN_DOCS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// Holds the page on the control plane's API, docs/admin-api.md.
struct AdminDocs {
  std::string markdown;
  // Lists the full names of services, methods, messages, fields, enums and values that have no
  // comment.
  std::vector<std::string> without_comment;
};

// Makes the page from a serialized FileDescriptorSet with source information, as protoc writes it.
// It does not describe the well-known types (google/protobuf).
// Errors:  kInvalidArgument - it is no FileDescriptorSet, or an incomplete one.
absl::StatusOr<AdminDocs> MakeAdminDocs(absl::string_view descriptor_set);

}  // namespace rpyc

#endif  // RPYC_TOOLS_ADMIN_DOCS_ADMIN_DOCS_H_
