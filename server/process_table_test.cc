#include "server/process_table.h"

#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <set>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

std::set<pid_t> PidsOf(const ProcessTable& table) {
  std::set<pid_t> pids;
  table.ForEach([&](pid_t pid, uint64_t) { pids.insert(pid); });
  return pids;
}

TEST(ProcessTable, HoldsWhatIsNotTaken) {
  ProcessTable table = *ProcessTable::Make(3);
  EXPECT_TRUE(table.empty());
  for (const pid_t pid : {11, 12, 13}) EXPECT_TRUE(table.Add(pid, pid * 10));
  EXPECT_FALSE(table.Add(14, 140));
  EXPECT_EQ(table.Take(11), 110);
  EXPECT_EQ(table.Take(11), std::nullopt);
  EXPECT_EQ(PidsOf(table), (std::set<pid_t>{12, 13}));
  EXPECT_TRUE(table.Add(14, 140));
  EXPECT_EQ(table.Take(13), 130);
  EXPECT_EQ(table.Take(14), 140);
  EXPECT_EQ(table.Take(12), 120);
  EXPECT_TRUE(table.empty());
}

TEST(ProcessTable, IsNotItsChildrens) {
  ProcessTable table = *ProcessTable::Make(1000);
  const pid_t child = ::fork();
  if (child == 0) {
    table.Add(1, 1);  // the child has no such memory
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(table.empty());
}

}  // namespace
}  // namespace rpyc
