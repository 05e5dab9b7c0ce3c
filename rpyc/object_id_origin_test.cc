#include "rpyc/object_id_origin.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

// Of a process that is forked from this one.
int64_t OriginOfAChild() {
  std::array<int, 2> pipe_ends;
  EXPECT_EQ(::pipe(pipe_ends.data()), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int64_t origin = ObjectIdOrigin();
    ::_exit(::write(pipe_ends[1], &origin, sizeof(origin)) == sizeof(origin) ? 0 : 1);
  }
  int64_t origin = 0;
  EXPECT_EQ(::read(pipe_ends[0], &origin, sizeof(origin)), ssize_t{sizeof(origin)});
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  return origin;
}

TEST(ObjectIdOrigin, IsAnEvenNumberOf48BitsThatStays) {
  const int64_t origin = ObjectIdOrigin();
  EXPECT_EQ(origin, ObjectIdOrigin());
  EXPECT_EQ(origin >> 47, 1);
  EXPECT_EQ(origin % 2, 0);
}

TEST(ObjectIdOrigin, IsAnotherInEachProcessThatIsForked) {
  std::set<int64_t> origins = {ObjectIdOrigin()};
  for (int i = 0; i < 10; ++i) origins.insert(OriginOfAChild());
  EXPECT_EQ(origins.size(), 11u);
}

}  // namespace
}  // namespace rpyc
