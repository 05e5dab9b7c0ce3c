// brine_recode is our codec for brine_differential_test.py. Each line of stdin is brine in hex. It
// answers each by a line: "ok HEX", which is what it decodes to encoded again, or "no MESSAGE".

#include <iostream>
#include <string>

#include "absl/strings/escaping.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"

int main() {
  std::ios::sync_with_stdio(false);
  const rpyc::Limits limits;
  for (std::string line; std::getline(std::cin, line);) {
    absl::StatusOr<rpyc::Value> value = rpyc::brine::Decode(absl::HexStringToBytes(line), limits);
    if (!value.ok()) {
      std::cout << "no " << value.status().message() << '\n';
      continue;
    }
    const absl::StatusOr<std::string> encoded = rpyc::brine::EncodeToString(*value, limits);
    // If a decoded value cannot be encoded, this is a bug that the test must see.
    std::cout << (encoded.ok() ? "ok " + absl::BytesToHexString(*encoded)
                               : "no encoding: " + std::string(encoded.status().message()))
              << '\n';
  }
}
