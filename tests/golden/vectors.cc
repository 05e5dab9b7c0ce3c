#include "tests/golden/vectors.h"

#include <fstream>

#include "nlohmann/json.hpp"

namespace rpyc {

std::vector<GoldenVector> ReadGoldenVectors(const std::string& file_name) {
  std::ifstream file("tests/golden/" + file_name);
  return nlohmann::json::parse(file).get<std::vector<GoldenVector>>();
}

}  // namespace rpyc
