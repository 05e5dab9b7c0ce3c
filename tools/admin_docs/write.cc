// Writes docs/admin-api.md: bazel run //tools/admin_docs:write

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tools/admin_docs/admin_docs.h"

namespace {

int Fail(const std::string& why) {
  std::fprintf(stderr, "write: %s\n", why.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (argc != 2 || workspace == nullptr) return Fail("to be started by bazel run");
  std::ifstream in(argv[1], std::ios::binary);
  const std::string descriptors(std::istreambuf_iterator<char>(in), {});
  const absl::StatusOr<rpyc::AdminDocs> docs = rpyc::MakeAdminDocs(descriptors);
  if (!docs.ok()) return Fail(docs.status().ToString());
  for (const std::string& name : docs->without_comment) {
    std::fprintf(stderr, "write: no comment on %s\n", name.c_str());
  }
  const std::string path = std::string(workspace) + "/docs/admin-api.md";
  std::ofstream out(path);
  out << docs->markdown << std::flush;
  return out ? 0 : Fail("cannot write " + path);
}
