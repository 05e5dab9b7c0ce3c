#include "rpyc/frame_ends.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

std::string Frame(size_t payload_bytes) {
  OutBuffer out;
  FrameWriter frame(&out);
  out.Append(std::string(payload_bytes, 'x'));
  EXPECT_TRUE(frame.End(1 << 20).ok());
  return out.ToString();
}

// The offsets of the ends, whatever the pieces.
std::vector<size_t> Ends(const std::string& bytes, size_t piece_bytes) {
  FrameEnds ends;
  std::vector<size_t> found;
  for (size_t at = 0; at < bytes.size();) {
    const size_t taken = ends.Take(absl::string_view(bytes).substr(at, piece_bytes));
    EXPECT_GE(taken, 1u);
    at += taken;
    if (ends.at_end()) found.push_back(at);
  }
  return found;
}

TEST(FrameEnds, AreFoundWhateverThePieces) {
  const std::string bytes = Frame(1) + Frame(0) + Frame(300) + Frame(2);
  const std::vector<size_t> expected = {7, 13, 319, 327};
  for (size_t piece : {1, 2, 3, 5, 6, 7, 100, 1000})
    EXPECT_EQ(Ends(bytes, piece), expected) << piece;
}

TEST(FrameEnds, HalfAFrameHasNone) {
  FrameEnds ends;
  EXPECT_EQ(ends.Take(Frame(10).substr(0, 12)), 12u);
  EXPECT_FALSE(ends.at_end());
}

}  // namespace
}  // namespace rpyc
