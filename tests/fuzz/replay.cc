// This runs a fuzzer as an ordinary test: its seeds, and a fixed number of mutations of them, the
// same in every run. With --write_seeds=DIR it writes the seeds as files instead, for libFuzzer.

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/fuzz/fuzz_target.h"

namespace rpyc::fuzz {
namespace {

constexpr size_t kMutations = 20'000;

// This is the input that runs, for readers of a crash's log.
std::string* current_input = new std::string;

void SayInput(int signal) {
  const std::string text =
      absl::StrCat("\nthe input, in hex:\n", absl::BytesToHexString(*current_input), "\n");
  (void)!write(STDERR_FILENO, text.data(), text.size());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void TryOut(const std::string& input) {
  *current_input = input;
  // This is a copy, so that a sanitizer sees a read beyond its end.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// This computes its own random numbers, since the algorithms of distributions differ between
// standard libraries.
class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string Next() {
    std::string input = seeds_[Below(seeds_.size())];
    for (size_t changes = 1 + Below(4); changes > 0; --changes) Change(&input);
    return input;
  }

 private:
  size_t Below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void Change(std::string* input) {
    const size_t at = Below(input->size());
    const size_t length = std::min(input->size() - at, 1 + Below(16));
    switch (Below(7)) {
      case 0:
        if (!input->empty()) (*input)[at] ^= static_cast<char>(1 << Below(8));
        break;
      case 1:
        if (!input->empty()) (*input)[at] = static_cast<char>(Below(256));
        break;
      case 2:
        input->insert(at, 1, static_cast<char>(Below(0x30)));  // most of brine's tags
        break;
      case 3:
        input->erase(at, length);
        break;
      case 4:
        input->insert(at, input->substr(Below(input->size()), length));
        break;
      case 5:
        input->resize(at);
        break;
      default: {
        const std::string& other = seeds_[Below(seeds_.size())];
        input->insert(at, other.substr(Below(other.size()), 1 + Below(64)));
      }
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_{20'250'101};
};

TEST(Replay, Seeds) {
  const std::vector<std::string> seeds = Seeds();
  ASSERT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) TryOut(seed);
}

TEST(Replay, SeedsCutShort) {
  for (const std::string& seed : Seeds()) {
    for (size_t size = 0; size < std::min<size_t>(seed.size(), 200); ++size) {
      TryOut(seed.substr(0, size));
    }
  }
}

TEST(Replay, SeedsMutated) {
  const std::vector<std::string> seeds = Seeds();
  Mutator mutator(seeds);
  for (size_t i = 0; i < kMutations; ++i) TryOut(mutator.Next());
}

int WriteSeeds(const std::string& directory) {
  int number = 0;
  for (const std::string& seed : Seeds()) {
    std::ofstream file(absl::StrCat(directory, "/seed", number++), std::ios::binary);
    file << seed;
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write into %s\n", directory.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace rpyc::fuzz

int main(int argc, char** argv) {
  constexpr absl::string_view kWriteSeeds = "--write_seeds=";
  if (argc == 2 && absl::string_view(argv[1]).substr(0, kWriteSeeds.size()) == kWriteSeeds) {
    return rpyc::fuzz::WriteSeeds(argv[1] + kWriteSeeds.size());
  }
  testing::InitGoogleTest(&argc, argv);
  for (int signal : {SIGABRT, SIGSEGV}) std::signal(signal, rpyc::fuzz::SayInput);
  return RUN_ALL_TESTS();
}
