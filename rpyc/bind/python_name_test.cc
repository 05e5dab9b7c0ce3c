#include "rpyc/bind/python_name.h"

#include "gtest/gtest.h"

namespace rpyc {
namespace {

TEST(PythonName, Identifiers) {
  for (const char* name : {"a", "_", "__init__", "move_2", "größe", "位置", "print", "match"}) {
    EXPECT_TRUE(IsPythonName(name)) << name;
  }
}

TEST(PythonName, OthersAreNone) {
  for (const char* name : {"", "2nd", "set speed", "max-speed", "a.b", "std::string", "class",
                           "None", "a\n", "\xff"}) {
    EXPECT_FALSE(IsPythonName(name)) << name;
  }
}

}  // namespace
}  // namespace rpyc
