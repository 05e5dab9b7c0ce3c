#include "tools/admin_docs/admin_docs.h"

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace rpyc {
namespace {

std::string* const descriptors = new std::string;
std::string* const page = new std::string;

TEST(AdminDocs, ThePageIsUpToDate) {
  const absl::StatusOr<AdminDocs> docs = MakeAdminDocs(*descriptors);
  ASSERT_TRUE(docs.ok()) << docs.status();
  EXPECT_TRUE(docs->markdown == *page)
      << "docs/admin-api.md is stale: bazel run //tools/admin_docs:write";
}

TEST(AdminDocs, EverythingHasAComment) {
  EXPECT_EQ(MakeAdminDocs(*descriptors)->without_comment, std::vector<std::string>());
}

// Makes a set of one file, with comments on what `commented` lists by path (descriptor.proto says
// how).
google::protobuf::FileDescriptorSet OneFile(const std::vector<std::vector<int>>& commented) {
  google::protobuf::FileDescriptorSet set;
  google::protobuf::FileDescriptorProto& file = *set.add_file();
  file.set_name("x.proto");
  file.set_package("rpyc.admin.v1");
  file.set_syntax("proto3");
  google::protobuf::DescriptorProto& message = *file.add_message_type();
  message.set_name("Thing");
  google::protobuf::FieldDescriptorProto& field = *message.add_field();
  field.set_name("size");
  field.set_number(1);
  field.set_type(google::protobuf::FieldDescriptorProto::TYPE_INT32);
  field.set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  google::protobuf::ServiceDescriptorProto& service = *file.add_service();
  service.set_name("Things");
  google::protobuf::MethodDescriptorProto& method = *service.add_method();
  method.set_name("Get");
  method.set_input_type(".rpyc.admin.v1.Thing");
  method.set_output_type(".rpyc.admin.v1.Thing");
  for (const std::vector<int>& path : commented) {
    auto& location = *file.mutable_source_code_info()->add_location();
    location.mutable_path()->Add(path.begin(), path.end());
    for (const int at : {0, 0, 1}) location.add_span(at);
    location.set_leading_comments(
        absl::StrCat(" Comment ", path.size(), "\n of <a|b> `<c>`.\n\n More.\n"));
  }
  return set;
}

TEST(AdminDocs, TellsWhatHasNoComment) {
  const auto without = [](const std::vector<std::vector<int>>& commented) {
    return MakeAdminDocs(OneFile(commented).SerializeAsString())->without_comment;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(without({}), Names({"rpyc.admin.v1.Things", "rpyc.admin.v1.Things.Get",
                                "rpyc.admin.v1.Thing", "rpyc.admin.v1.Thing.size"}));
  EXPECT_EQ(without({{6, 0}, {6, 0, 2, 0}, {4, 0}}), Names({"rpyc.admin.v1.Thing.size"}));
  EXPECT_EQ(without({{6, 0}, {6, 0, 2, 0}, {4, 0}, {4, 0, 2, 0}}), Names());
}

TEST(AdminDocs, WritesComments) {
  const std::string markdown =
      MakeAdminDocs(OneFile({{4, 0}, {4, 0, 2, 0}}).SerializeAsString())->markdown;
  EXPECT_NE(markdown.find("### Thing\n\nComment 2 of \\<a|b> `<c>`.\n\nMore.\n"), std::string::npos)
      << markdown;
  EXPECT_NE(markdown.find("| `size` | int32 | Comment 4 of \\<a\\|b> `<c>`.<br>More. |\n"),
            std::string::npos)
      << markdown;
  EXPECT_NE(markdown.find("[Thing](#thing) -> [Thing](#thing)\n"), std::string::npos) << markdown;
}

TEST(AdminDocs, RefusesWhatIsNoDescriptorSet) {
  EXPECT_FALSE(MakeAdminDocs("\xff\xff").ok());
  google::protobuf::FileDescriptorSet broken = OneFile({});
  broken.mutable_file(0)->add_dependency("missing.proto");
  EXPECT_FALSE(MakeAdminDocs(broken.SerializeAsString()).ok());
}

std::string Read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace
}  // namespace rpyc

// The arguments are the descriptors and then the page.
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 3) return 2;
  *rpyc::descriptors = rpyc::Read(argv[1]);
  *rpyc::page = rpyc::Read(argv[2]);
  return RUN_ALL_TESTS();
}
