#ifndef RPYC_REGISTRY_LINE_WRITER_H_
#define RPYC_REGISTRY_LINE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace rpyc {

// Writes lines to a descriptor on a thread of its own, so that a thread which logs never waits for
// the reader of the log: a pipe that nobody reads, or a disk that hangs, holds up nobody else.
// A line for which there is no room, or which cannot be written, is lost and counted; a line in its
// place says how many were. Each line is one write, so that those of several processes which share
// the descriptor stay whole. Threads: any.
class LineWriter {
 public:
  struct Options {
    int fd = 2;  // stays open as long as the writer
    // Of lines that wait; those which are being written may be as much again.
    size_t max_waiting_bytes = 1 << 20;
    // The line that says how many were lost, with its newline.
    std::function<std::string(int64_t lost)> lost_line;
    // Runs what it is given on a thread of its own, which nobody joins.
    std::function<absl::Status(absl::AnyInvocable<void() &&>)> start_thread;
  };

  // Errors:  those of start_thread.
  static absl::StatusOr<std::unique_ptr<LineWriter>> Start(Options options);
  // Waits for what is being written: a writer whose reader may have stopped is never destroyed.
  ~LineWriter();

  // Has `line`, which ends with a newline, written. Never waits for the descriptor.
  void Write(std::string line);
  // Waits until all that was given so far is written or lost, for at most so long. False if it is
  // not.
  bool Flush(absl::Duration timeout);

 private:
  class Queue;
  explicit LineWriter(std::shared_ptr<Queue> queue);
  const std::shared_ptr<Queue> queue_;  // shared with its thread
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_LINE_WRITER_H_
