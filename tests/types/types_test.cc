// These tests walk docs/types.md: they run every example, and look for conversions that the page
// does not have.

#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"
#include "rpyc/python_ops.h"
#include "rpyc/testing/python_object.h"
#include "tests/types/literal.h"
#include "tests/types/types_service.h"

namespace rpyc::testing {
namespace {

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Holds a row of one of the page's tables.
struct Row {
  std::string type;     // "std::vector<T>"; empty: the row above goes on
  std::string example;  // "std::vector<int>"
  std::string cases;
};

std::string Unquoted(absl::string_view cell) {
  return absl::StrReplaceAll(absl::StripAsciiWhitespace(cell), {{"`", ""}});
}

std::vector<Row> Rows() {
  std::vector<Row> rows;
  const std::string page = absl::StrReplaceAll(FileText("docs/types.md"), {{"\\|", "\x01"}});
  for (absl::string_view line : absl::StrSplit(page, '\n')) {
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() != 7 || absl::StrContains(line, "---") ||
        absl::StrContains(line, "| C++ type |")) {
      continue;
    }
    rows.push_back({.type = Unquoted(cells[1]),
                    .example = Unquoted(cells[2]),
                    .cases = absl::StrReplaceAll(cells[5], {{"\x01", "|"}})});
  }
  return rows;
}

absl::StatusOr<Value> CallRoot(Object& root, const std::string& name, std::vector<Value> args) {
  return root.CallAttr(CallContext(), {.name = name, .exposed = true},
                       CallArgs{.positional = std::move(args), .keyword = {}});
}

// Returns what `function(argument)` gives or raises, in the page's words.
std::pair<std::string, std::string> Outcome(Object& root, const std::string& function,
                                            std::vector<Value> args) {
  absl::StatusOr<Value> result = CallRoot(root, function, std::move(args));
  if (result.ok()) {
    absl::StatusOr<std::string> text = PyRepr(CallContext(), *result);
    return {"gives", text.ok() ? *text : Failure(text.status())};
  }
  return {"raises",
          absl::StrReplaceAll(Failure(result), {{absl::StrCat(function, "() argument 1: "), ""}})};
}

TEST(TypesPage, EveryExampleIsTrue) {
  const Service service = TypesService();
  const std::shared_ptr<Object> root = *service.MakeRoot();
  absl::flat_hash_map<std::string, Value> names = {
      {"None", Value()}, {"True", Value(true)}, {"False", Value(false)}};
  for (const char* name : {"a_function", "a_list", "a_dict", "a_thing", "a_state", "a_limits"})
    names[name] = *CallRoot(*root, name, {});

  const std::regex one_case("`([^`]*)` (gives|raises) `([^`]*)`");
  std::set<std::string> tried;
  for (const Row& row : Rows()) {
    tried.insert(FunctionName(row.example));
    if (row.example == "none") continue;
    const auto begin = std::sregex_iterator(row.cases.begin(), row.cases.end(), one_case);
    EXPECT_NE(begin, std::sregex_iterator()) << row.example << " has no example";
    for (auto it = begin; it != std::sregex_iterator(); ++it) {
      const std::string input = (*it)[1];
      absl::StatusOr<Value> argument = ParseLiteral(input, names);
      ASSERT_TRUE(argument.ok()) << input << ": " << argument.status();
      std::vector<Value> args = {*argument};
      if (input == "()") args.clear();
      EXPECT_EQ(Outcome(*root, FunctionName(row.example), args),
                std::make_pair((*it)[2].str(), (*it)[3].str()))
          << row.example << " of " << input;
    }
  }
  // No row would try what the service has beyond the page.
  for (const auto& member : service.root_class().members()) {
    const bool helper =
        absl::StartsWith(member->name, "a_") || absl::StartsWith(member->name, "an_") ||
        absl::StartsWith(member->name, "get_service_") || member->name == "materialize";
    EXPECT_TRUE(helper || tried.contains(member->name)) << member->name;
  }
}

// Returns the headers that define conversions: all that a service includes, and those of the
// handles.
std::set<std::string> CastHeaders() {
  std::set<std::string> headers = {"rpyc/bind/args.h",     "rpyc/bind/class_object.h",
                                   "rpyc/cast/buffer.h",   "rpyc/cast/callback.h",
                                   "rpyc/cast/netref.h",   "rpyc/cast/path.h",
                                   "rpyc/cast/sequence.h", "rpyc/dict.h",
                                   "rpyc/iterator.h",      "rpyc/list.h"};
  const std::string method = FileText("rpyc/bind/method.h");
  const std::regex include("#include \"(rpyc/cast/[a-z_]+\\.h)\"");
  for (auto it = std::sregex_iterator(method.begin(), method.end(), include);
       it != std::sregex_iterator(); ++it) {
    headers.insert((*it)[1]);
  }
  return headers;
}

// Returns "std::tuple<T...>" for "std::tuple<T...>> {": the text up to the comma or bracket that
// ends the argument.
std::string FirstArgument(absl::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (depth == 0 && (text[i] == ',' || text[i] == '>')) return std::string(text.substr(0, i));
    if (text[i] == '<') ++depth;
    if (text[i] == '>') --depth;
  }
  return "";
}

TEST(TypesPage, HasEveryConversion) {
  // Conversions for whole kinds of types have no name of their own.
  const std::map<std::string, std::string> kinds = {
      {"rpyc/cast/scalar.h T", "every integer but the char types"},
      {"rpyc/cast/callback.h F", "a lambda, a function"},
      {"rpyc/cast/object.h T", "an exposed class"},
      {"rpyc/cast/object.h std::shared_ptr<T>", "std::shared_ptr<T> of an exposed class"},
      {"rpyc/cast/unique_ptr.h std::unique_ptr<T, D>", "std::unique_ptr<T> of an exposed class"},
      {"rpyc/cast/buffer.h std::span<T>", "std::span<const T>"},
      {"rpyc/cast/struct.h T", "a struct"},
      {"rpyc/cast/enum.h T", "an enumeration"},
      {"rpyc/cast/object.h T*", "a pointer or std::reference_wrapper to an exposed object"},
      {"rpyc/cast/object.h std::reference_wrapper<T>",
       "a pointer or std::reference_wrapper to an exposed object"}};
  std::set<std::string> on_page;
  for (const Row& row : Rows()) on_page.insert(row.type);

  size_t found = 0;
  for (const std::string& header : CastHeaders()) {
    const std::string text = FileText(header);
    constexpr std::string_view kStart = "struct Cast<";
    for (size_t at = text.find(kStart); at != std::string::npos; at = text.find(kStart, at + 1)) {
      std::string type = FirstArgument(absl::string_view(text).substr(at + kStart.size()));
      // The page does not speak of the order, the hash and the allocator of a container.
      type = absl::StrReplaceAll(type, {{", Rest...", ""}});
      if (const auto kind = kinds.find(absl::StrCat(header, " ", type)); kind != kinds.end()) {
        type = kind->second;
      }
      ++found;
      EXPECT_TRUE(on_page.contains(type))
          << header << " converts " << type << ", and docs/types.md does not say so";
    }
  }
  EXPECT_GE(found, 52u) << "the headers are not read as they are written";
}

}  // namespace
}  // namespace rpyc::testing
