#include "server/admin/request_checks.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/reason.h"

namespace rpyc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// `path` leads to `message`: "spec.".
absl::Status RefuseUnknownFieldsAt(const Message& message, const std::string& path) {
  const Reflection* reflection = message.GetReflection();
  const auto& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty()) {
    const std::string field = absl::StrCat(path, unknown.field(0).number());
    return InvalidField(field,
                        absl::StrCat("field ", field, " of ", message.GetDescriptor()->full_name(),
                                     " is not known to this host"));
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  absl::Status status;
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string inner = absl::StrCat(path, field->name(), ".");
    if (!field->is_repeated()) {
      status.Update(RefuseUnknownFieldsAt(reflection->GetMessage(message, field), inner));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      status.Update(
          RefuseUnknownFieldsAt(reflection->GetRepeatedMessage(message, field, i), inner));
    }
  }
  return status;
}

}  // namespace

absl::Status RefuseUnknownFields(const Message& request) {
  return RefuseUnknownFieldsAt(request, "");
}

absl::Status NotSupportedIf(bool given, absl::string_view field) {
  if (!given) return absl::OkStatus();
  return ReasonStatus(absl::StatusCode::kUnimplemented, "NOT_SUPPORTED",
                      absl::StrCat(field, " is not supported yet"),
                      {{"field", std::string(field)}});
}

}  // namespace rpyc
