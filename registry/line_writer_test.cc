#include "registry/line_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "rpyc/transport/fd.h"

namespace rpyc {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  // Reads until the text ends with `last`, and returns it.
  std::string ReadUntil(const std::string& last) {
    std::string all;
    char some[4096];
    while (all.size() < last.size() || all.substr(all.size() - last.size()) != last) {
      const ssize_t got = ::read(read.get(), some, sizeof(some));
      if (got <= 0) break;
      all.append(some, static_cast<size_t>(got));
    }
    return all;
  }
  Fd read, write;
};

std::unique_ptr<LineWriter> StartWriter(int fd, size_t max_waiting_bytes = 10'000) {
  auto started = LineWriter::Start(
      {.fd = fd,
       .max_waiting_bytes = max_waiting_bytes,
       .lost_line = [](int64_t lost) { return absl::StrCat("lost ", lost, "\n"); },
       .start_thread =
           [](absl::AnyInvocable<void() &&> body) {
             std::thread([body = std::move(body)]() mutable { std::move(body)(); }).detach();
             return absl::OkStatus();
           }});
  EXPECT_TRUE(started.ok()) << started.status();
  return *std::move(started);
}

TEST(LineWriter, WritesLinesInTheirOrder) {
  Pipe pipe;
  const auto writer = StartWriter(pipe.write.get());
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string line = absl::StrCat("line ", i, "\n");
    expected += line;
    writer->Write(line);
  }
  EXPECT_EQ(pipe.ReadUntil("line 99\n"), expected);
  EXPECT_TRUE(writer->Flush(absl::InfiniteDuration()));
}

TEST(LineWriter, AReaderThatStopsHoldsNobodyUpAndWhatIsLostIsCounted) {
  Pipe pipe;
  ::fcntl(pipe.write.get(), F_SETPIPE_SZ, 4096);  // less than may wait
  const auto writer = StartWriter(pipe.write.get());
  constexpr int kLines = 20'000;
  const std::string rest(90, 'x');
  for (int i = 0; i < kLines; ++i) writer->Write(absl::StrCat(i, " ", rest, "\n"));
  EXPECT_FALSE(writer->Flush(absl::Milliseconds(1))) << "and a flush ends";
  // The test reads now: each line is there, or counted where it is missing.
  std::thread last([&writer] {
    EXPECT_TRUE(writer->Flush(absl::InfiniteDuration()));
    writer->Write("last\n");
  });
  const std::vector<std::string> lines = absl::StrSplit(pipe.ReadUntil("last\n"), '\n');
  last.join();
  int64_t next = 0, lost = 0;
  for (const std::string& line : lines) {
    int64_t number = 0;
    if (std::sscanf(line.c_str(), "lost %ld", &number) == 1) {
      next += number;
      lost += number;
    } else if (std::sscanf(line.c_str(), "%ld ", &number) == 1) {
      EXPECT_EQ(number, next);
      ++next;
    }
  }
  EXPECT_EQ(next, kLines);
  EXPECT_GT(lost, kLines / 2);
}

TEST(LineWriter, WhatCannotBeWrittenIsLostAndCounted) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  Pipe pipe;
  const Fd fd(::dup(full.get()));
  const auto writer = StartWriter(fd.get());
  for (int i = 0; i < 3; ++i) writer->Write("no room\n");
  EXPECT_TRUE(writer->Flush(absl::InfiniteDuration()));
  ASSERT_EQ(::dup2(pipe.write.get(), fd.get()), fd.get());  // there is room again
  writer->Write("room\n");
  EXPECT_EQ(pipe.ReadUntil("room\n"), "lost 3\nroom\n");
}

TEST(LineWriter, AnEndThatOthersHaveMadeNonblockingLosesNothing) {
  Pipe pipe;
  ::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
  const auto writer = StartWriter(pipe.write.get(), 1 << 20);
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string line = absl::StrCat("a line that takes some room ", i, "\n");
    expected += line;
    writer->Write(line);
  }
  EXPECT_EQ(pipe.ReadUntil(" 4999\n"), expected);
}

}  // namespace
}  // namespace rpyc
