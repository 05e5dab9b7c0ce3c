// docs/wire.md names every constant of the wire with its number.

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "rpyc/brine.h"
#include "rpyc/brine_format.h"
#include "rpyc/handlers.h"
#include "rpyc/limits.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {
namespace {

std::vector<std::string> Lines() {
  std::ifstream file("docs/wire.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The cells of the table row whose first cell is `first` and one of which mentions `name`.
std::vector<std::string> Row(absl::string_view first, absl::string_view name) {
  for (const std::string& line : Lines()) {
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
    if (cells.size() > 3 && cells[1] == first && absl::StrContains(line, name)) return cells;
  }
  return {};
}

struct Named {
  int number;
  const char* name;
};

TEST(WireDoc, EveryHandlerHasItsRow) {
  const Named handlers[] = {
#define HANDLER(Name) {static_cast<int>(Handle::k##Name), "`k" #Name "`"}
      HANDLER(Ping),     HANDLER(Close),      HANDLER(GetRoot), HANDLER(GetAttr),
      HANDLER(DelAttr),  HANDLER(SetAttr),    HANDLER(Call),    HANDLER(CallAttr),
      HANDLER(Repr),     HANDLER(Str),        HANDLER(Cmp),     HANDLER(Hash),
      HANDLER(Dir),      HANDLER(Pickle),     HANDLER(Del),     HANDLER(Inspect),
      HANDLER(BuffIter), HANDLER(OldSlicing), HANDLER(CtxExit), HANDLER(InstanceCheck),
#undef HANDLER
  };
  int known = 0;
  while (FindHandler(known + 1) != nullptr) ++known;
  EXPECT_EQ(static_cast<size_t>(known), std::size(handlers));
  for (const Named& handler : handlers) {
    EXPECT_FALSE(Row(absl::StrCat(handler.number), handler.name).empty()) << handler.name;
  }
}

TEST(WireDoc, EveryLabelAndMessageTypeHasItsRow) {
  const Named rows[] = {
      {static_cast<int>(MessageType::kRequest), "`kRequest`, MSG_REQUEST"},
      {static_cast<int>(MessageType::kReply), "`kReply`, MSG_REPLY"},
      {static_cast<int>(MessageType::kException), "`kException`, MSG_EXCEPTION"},
      {static_cast<int>(Label::kValue), "`kValue`, LABEL_VALUE"},
      {static_cast<int>(Label::kTuple), "`kTuple`, LABEL_TUPLE"},
      {static_cast<int>(Label::kLocalRef), "`kLocalRef`, LABEL_LOCAL_REF"},
      {static_cast<int>(Label::kRemoteRef), "`kRemoteRef`, LABEL_REMOTE_REF"},
  };
  for (const Named& row : rows) {
    EXPECT_FALSE(Row(absl::StrCat(row.number), row.name).empty()) << row.name;
  }
}

TEST(WireDoc, EveryTagHasItsRow) {
  using namespace brine;
  const Named tags[] = {
#define TAG(Name) {kTag##Name, "`kTag" #Name "`"}
      TAG(None),     TAG(EmptyBytes),     TAG(EmptyTuple), TAG(True),    TAG(False),
      TAG(Ellipsis), TAG(NotImplemented), TAG(Unicode),    TAG(BytesU8), TAG(BytesU32),
      TAG(TupleU8),  TAG(TupleU32),       TAG(IntU8),      TAG(IntU32),  TAG(Float),
      TAG(Slice),    TAG(Frozenset),      TAG(Complex),
#undef TAG
  };
  for (const Named& tag : tags) {
    EXPECT_FALSE(Row(absl::StrFormat("%02x", tag.number), tag.name).empty()) << tag.name;
  }
  const auto range = [](Tag first, Tag last) {
    return absl::StrFormat("%02x - %02x", +first, +last);
  };
  EXPECT_FALSE(Row(range(kTagBytes1, kTagBytes4), "`kTagBytes1` - `kTagBytes4`").empty());
  EXPECT_FALSE(Row(range(kTagTuple1, kTagTuple4), "`kTagTuple1` - `kTagTuple4`").empty());
  EXPECT_FALSE(Row(range(kTagSmallIntFirst, kTagSmallIntLast),
                   absl::StrFormat("int from %d to %d | none: the tag less `kTagSmallIntZero` (%x)",
                                   kSmallIntMin, kSmallIntMax, +kTagSmallIntZero))
                   .empty());
}

TEST(WireDoc, DefaultLimits) {
  const auto mib = [](size_t bytes) { return absl::StrCat(bytes >> 20, " MiB"); };
  const Limits limits;
  EXPECT_FALSE(Row("`max_frame_bytes`", mib(limits.max_frame_bytes)).empty());
  EXPECT_FALSE(Row("`max_inflated_bytes`", mib(limits.max_inflated_bytes)).empty());
  EXPECT_FALSE(Row("`max_decoded_bytes`", mib(limits.max_decoded_bytes)).empty());
  EXPECT_FALSE(Row("`max_nesting`", absl::StrCat(limits.max_nesting)).empty());
  EXPECT_FALSE(Row("`max_int_digits`", absl::StrCat(limits.max_int_digits)).empty());
  EXPECT_EQ(limits.max_local_objects, 1'000'000u);
  EXPECT_FALSE(Row("`max_local_objects`", "1,000,000").empty());
  EXPECT_FALSE(Row("`max_read_ahead_bytes`", mib(limits.max_read_ahead_bytes)).empty());
  EXPECT_FALSE(Row("`max_callback_depth`", absl::StrCat(limits.max_callback_depth)).empty());
  EXPECT_EQ(limits.idle_timeout, absl::ZeroDuration());
  EXPECT_EQ(limits.max_total_bytes, 0u);
  EXPECT_FALSE(Row("`max_total_bytes`", "half of the memory").empty());
  EXPECT_FALSE(Row("`frame_timeout`", absl::FormatDuration(limits.frame_timeout)).empty());
}

TEST(WireDoc, ExamplesOfBrineAreBrine) {
  const struct {
    Value value;
    const char* text;
  } examples[] = {
      {160, "160 "},
      {-49, "-49 "},
      {BigInt{"9223372036854775808"}, "2**63 "},
      {1.0, "1.0\n"},
      {"hello world", "\"hello world\" "},
      {Value::Tuple({Value::Tuple({1, 2}), Value::Tuple({3, Value::Tuple({4})})}),
       "((1, 2), (3, (4,))) "},
  };
  std::string all;
  for (const std::string& line : Lines()) absl::StrAppend(&all, line, "\n");
  for (const auto& example : examples) {
    const std::string encoded = brine::EncodeToString(example.value, Limits()).value();
    EXPECT_TRUE(absl::StrContains(
        all, absl::StrCat(example.text, "`", absl::BytesToHexString(encoded), "`")))
        << example.text;
  }
}

}  // namespace
}  // namespace rpyc
