#include "tools/admin_docs/admin_docs.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace rpyc {
namespace {

namespace pb = google::protobuf;

constexpr absl::string_view kIntroduction = R"(# The control plane's API

<!-- Generated from the .proto files by `bazel run //tools/admin_docs:write`. Change those, not this. -->

gRPC, at `--admin_address`. The server describes itself by reflection, so grpcurl needs no files:

    grpcurl -plaintext 127.0.0.1:18810 rpyc.admin.v1.ServerService/ListServers
    grpcurl -plaintext -d '{"spec": {"kind": "threaded", "service": "ECHO"}}' \
        127.0.0.1:18810 rpyc.admin.v1.ServerService/StartServer

Every error is a status whose message names the object it is about, with one google.rpc.ErrorInfo: a `reason`, such as
`UNKNOWN_SERVICE` or `ADDRESS_IN_USE`, the domain `rpyc.admin`, and in the metadata the `field` that was refused. A field
that is not honoured is refused, never ignored; what is not supported yet is `UNIMPLEMENTED`, reason `NOT_SUPPORTED`. A
client that reads JSON, such as grpcurl, refuses itself a field that the API does not have, and names it.
)";

constexpr absl::string_view kOurPackage = "rpyc.admin.v1.";

// Takes the lines as they stand after "//" and joins them to paragraphs.
template <typename Descriptor>
std::string CommentOf(const Descriptor& descriptor) {
  pb::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  std::string text;
  for (absl::string_view line : absl::StrSplit(location.leading_comments, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) {
      if (!text.empty() && !absl::EndsWith(text, "\n\n")) absl::StrAppend(&text, "\n\n");
    } else {
      const bool joined = !text.empty() && !absl::EndsWith(text, "\n");
      absl::StrAppend(&text, joined ? " " : "", line);
    }
  }
  return std::string(absl::StripTrailingAsciiWhitespace(text));
}

// Returns text as Markdown shows it; what stands in backticks is code.
std::string Escape(absl::string_view text) {
  std::string escaped;
  bool in_code = false;
  char before = ' ';
  for (const char c : text) {
    if (c == '`') in_code = !in_code;
    const bool special = absl::StrContains("<*[", c) || (c == '_' && !absl::ascii_isalnum(before));
    if (special && !in_code) escaped.push_back('\\');
    escaped.push_back(c);
    before = c;
  }
  return escaped;
}

class Page {
 public:
  explicit Page(std::vector<const pb::FileDescriptor*> files) {
    std::sort(files.begin(), files.end(), [](const auto* a, const auto* b) {
      const bool ours[] = {IsOurs(a->package()), IsOurs(b->package())};
      return ours[0] != ours[1] ? ours[0] : a->name() < b->name();
    });
    Write(kIntroduction);
    Write("\n## Services\n");
    for (const pb::FileDescriptor* file : files) {
      for (int i = 0; i < file->service_count(); ++i) AddService(*file->service(i));
    }
    Write("\n## Messages\n");
    for (const pb::FileDescriptor* file : files) {
      for (int i = 0; i < file->message_type_count(); ++i) AddMessage(*file->message_type(i));
      for (int i = 0; i < file->enum_type_count(); ++i) AddEnum(*file->enum_type(i));
    }
  }

  AdminDocs Take() && { return std::move(docs_); }

 private:
  static bool IsOurs(const std::string& package) { return absl::StartsWith(kOurPackage, package); }

  template <typename... Pieces>
  void Write(const Pieces&... pieces) {
    absl::StrAppend(&docs_.markdown, pieces...);
  }

  // Returns the comment, which must exist.
  template <typename Descriptor>
  std::string Comment(const Descriptor& descriptor) {
    std::string comment = Escape(CommentOf(descriptor));
    if (comment.empty()) docs_.without_comment.push_back(descriptor.full_name());
    return comment;
  }
  // Returns the comment for a cell of a table.
  template <typename Descriptor>
  std::string Cell(const Descriptor& descriptor) {
    return absl::StrReplaceAll(Comment(descriptor), {{"\n\n", "<br>"}, {"|", "\\|"}});
  }

  // Returns the title of a heading: a type of ours has its short name.
  static std::string Title(const std::string& full_name) {
    return std::string(absl::StripPrefix(full_name, kOurPackage));
  }
  // Returns a link such as "[Server](#server)", or just the name of a type that is not on this
  // page.
  template <typename Descriptor>
  static std::string Link(const Descriptor& type) {
    if (absl::StartsWith(type.full_name(), "google.protobuf.")) return type.full_name();
    const std::string title = Title(type.full_name());
    const std::string anchor = absl::AsciiStrToLower(absl::StrReplaceAll(title, {{".", ""}}));
    return absl::StrCat("[", title, "](#", anchor, ")");
  }
  static std::string ValueType(const pb::FieldDescriptor& field) {
    if (field.message_type() != nullptr) return Link(*field.message_type());
    if (field.enum_type() != nullptr) return Link(*field.enum_type());
    return field.type_name();
  }
  static std::string Type(const pb::FieldDescriptor& field) {
    if (field.is_map()) {
      return absl::StrCat("map of ", ValueType(*field.message_type()->map_key()), " to ",
                          ValueType(*field.message_type()->map_value()));
    }
    const char* label = field.is_repeated()            ? "repeated "
                        : field.has_optional_keyword() ? "optional "
                                                       : "";
    return absl::StrCat(label, ValueType(field));
  }

  void AddService(const pb::ServiceDescriptor& service) {
    Write("\n### ", service.full_name(), "\n\n", Comment(service), "\n");
    for (int i = 0; i < service.method_count(); ++i) {
      const pb::MethodDescriptor& method = *service.method(i);
      Write("\n#### ", method.name(), "\n\n", Link(*method.input_type()), " -> ",
            method.server_streaming() ? "stream of " : "", Link(*method.output_type()), "\n\n",
            Comment(method), "\n");
    }
  }

  void AddMessage(const pb::Descriptor& message) {
    if (message.options().map_entry()) return;
    Write("\n### ", Title(message.full_name()), "\n\n", Comment(message), "\n");
    if (message.field_count() > 0) Write("\n| field | type | meaning |\n|---|---|---|\n");
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      Write("| `", field.name(), "` | ", Type(field), " | ", Cell(field), " |\n");
    }
    for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i));
    for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(*message.nested_type(i));
  }

  void AddEnum(const pb::EnumDescriptor& type) {
    Write("\n### ", Title(type.full_name()), "\n\n", Comment(type),
          "\n\n| value | meaning |\n|---|---|\n");
    for (int i = 0; i < type.value_count(); ++i) {
      Write("| `", type.value(i)->name(), "` | ", Cell(*type.value(i)), " |\n");
    }
  }

  AdminDocs docs_;
};

}  // namespace

absl::StatusOr<AdminDocs> MakeAdminDocs(absl::string_view descriptor_set) {
  pb::FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return absl::InvalidArgumentError("not a FileDescriptorSet");
  }
  pb::DescriptorPool pool;
  std::vector<const pb::FileDescriptor*> files;
  for (const pb::FileDescriptorProto& file : set.file()) {  // imported files come first
    const pb::FileDescriptor* built = pool.BuildFile(file);
    if (built == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(file.name(), " is not a valid file"));
    }
    if (!absl::StartsWith(file.name(), "google/protobuf/")) files.push_back(built);
  }
  return Page(std::move(files)).Take();
}

}  // namespace rpyc
