#include "tests/golden/vectors.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace rpyc {

std::vector<GoldenVector> ReadGoldenVectors(const std::string& file_name) {
  const std::string path = "tests/golden/" + file_name;
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  google::protobuf::ListValue list;
  const auto status = google::protobuf::util::JsonStringToMessage(text.str(), &list);
  if (!file.good() || !status.ok()) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), status.ToString().c_str());
    std::abort();
  }
  std::vector<GoldenVector> vectors;
  for (const google::protobuf::Value& item : list.values()) {
    GoldenVector& vector = vectors.emplace_back();
    for (const auto& [name, field] : item.struct_value().fields()) {
      vector[name] = field.string_value();
    }
  }
  return vectors;
}

}  // namespace rpyc
