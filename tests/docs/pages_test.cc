// The documents' links lead somewhere, and the files of the product that they name exist: a rename
// that forgets them fails here.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace {

const char* const kPages[] = {"CONTRIBUTING.md",     "README.md",        "docs/adr/README.md",
                              "docs/admin-api.md",   "docs/client.md",   "docs/hosting.md",
                              "docs/performance.md", "docs/services.md", "docs/tour.md",
                              "docs/types.md",       "docs/wire.md"};

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// What GitHub makes of a heading: "RPyC's servers" is "rpycs-servers".
std::string AnchorOf(absl::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    if (c == ' ') anchor += '-';
    if (absl::ascii_isalnum(c) || c == '-' || c == '_') anchor += absl::ascii_tolower(c);
  }
  return anchor;
}

// The page's anchors. Lines of code blocks are no headings.
std::set<std::string> AnchorsOf(const std::string& page) {
  std::set<std::string> anchors;
  bool code = false;
  for (const std::string& line : Lines(page)) {
    if (absl::StartsWith(line, "```")) code = !code;
    absl::string_view heading = line;
    if (code || !absl::ConsumePrefix(&heading, "#")) continue;
    while (absl::ConsumePrefix(&heading, "#")) {
    }
    anchors.insert(AnchorOf(absl::StripAsciiWhitespace(heading)));
  }
  return anchors;
}

// Calls `see` with what `pattern` finds, and where.
template <typename See>
void ForEachMatch(const char* page, const std::regex& pattern, See see) {
  int number = 0;
  for (const std::string& line : Lines(page)) {
    ++number;
    for (std::sregex_iterator found(line.begin(), line.end(), pattern), end; found != end;
         ++found) {
      see((*found)[1].str(), absl::StrCat(page, ":", number));
    }
  }
}

// A path as `page` writes it, from the root: "../README.md" of docs/tour.md is "README.md".
std::string FromRoot(const std::string& page, std::string path) {
  std::string folder = page.substr(0, page.rfind('/') + 1);
  while (absl::StartsWith(path, "../") && !folder.empty()) {
    path = path.substr(3);
    folder.pop_back();
    folder = folder.substr(0, folder.rfind('/') + 1);
  }
  return folder + path;
}

TEST(Pages, EveryLinkLeadsSomewhere) {
  std::map<std::string, std::set<std::string>> anchors;
  for (const char* page : kPages) anchors[page] = AnchorsOf(page);
  std::set<std::string> decisions;
  ForEachMatch("docs/adr/README.md", std::regex(R"(\]\(([^)]*)\))"),
               [&](const std::string& link, const std::string&) {
                 decisions.insert(FromRoot("docs/adr/README.md", link));
               });
  for (const std::string page : kPages) {
    if (page == "docs/adr/README.md") continue;
    ForEachMatch(page.c_str(), std::regex(R"(\]\(([^)]*)\))"),
                 [&](const std::string& link, const std::string& where) {
                   const size_t hash = link.find('#');
                   const std::string path = hash == 0 ? page : FromRoot(page, link.substr(0, hash));
                   if (!absl::EndsWith(path, ".md") || absl::StrContains(link, "://")) return;
                   const auto found = anchors.find(path);
                   // Pages of other folders are not read here.
                   EXPECT_TRUE(found != anchors.end() || decisions.count(path) == 1 ||
                               !absl::StartsWith(path, "docs/"))
                       << where << ": " << link;
                   if (found == anchors.end() || hash == link.npos) return;
                   EXPECT_EQ(found->second.count(link.substr(hash + 1)), 1u)
                       << where << ": " << link;
                 });
  }
}

TEST(Pages, EveryFileExists) {
  std::set<std::string> files;
  for (const std::string& label : Lines("tests/docs/source_files")) {
    files.insert(absl::StrReplaceAll(absl::StripPrefix(label, "//"), {{":", "/"}}));
  }
  ASSERT_EQ(files.count("rpyc/connection.cc"), 1u);
  const std::regex file("`((?:client|proto|registry|rpyc|server)/[a-z0-9_/]+\\.(?:cc|h|proto))`");
  int seen = 0;
  for (const char* page : kPages) {
    ForEachMatch(page, file, [&](const std::string& path, const std::string& where) {
      if (absl::EndsWith(path, "_test.cc")) return;  // no part of the product
      ++seen;
      EXPECT_EQ(files.count(path), 1u) << where << ": there is no " << path;
    });
  }
  EXPECT_GT(seen, 100);
}

}  // namespace
