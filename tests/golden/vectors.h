#ifndef TESTS_GOLDEN_VECTORS_H_
#define TESTS_GOLDEN_VECTORS_H_

#include <map>
#include <string>
#include <vector>

namespace rpyc {

// Holds one vector's fields by name ("hex", "repr", "desc", "v6", ...).
using GoldenVector = std::map<std::string, std::string>;

// Returns the vectors of tests/golden/`file_name`, in order. It throws if they cannot be read.
std::vector<GoldenVector> ReadGoldenVectors(const std::string& file_name);

}  // namespace rpyc

#endif  // TESTS_GOLDEN_VECTORS_H_
