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

// Writes lines to a descriptor on a thread of its own, so that a thread that logs never waits for
// the reader of the log, for example a pipe that nobody reads or a disk that hangs.
// A line that does not fit into the queue or cannot be written is lost and counted; one line in
// place of the lost ones says how many there were. Each line is one write, so that the lines of
// several processes that share the descriptor stay whole.
// Threads: any.
class LineWriter {
 public:
  struct Options {
    int fd = 2;  // stays open as long as the writer
    // Bounds the lines that wait; the lines that are being written may take as much again.
    size_t max_waiting_bytes = 1 << 20;
    // Makes the line that says how many lines were lost, with its newline; see LostLinesText.
    std::function<std::string(int64_t lost)> lost_line;
    // Runs its argument on a new thread that nobody joins.
    std::function<absl::Status(absl::AnyInvocable<void() &&>)> start_thread;
  };

  // Errors:  those of start_thread.
  static absl::StatusOr<std::unique_ptr<LineWriter>> Start(Options options);
  // Waits until all lines are written. A program therefore never destroys a writer whose reader may
  // have stopped.
  ~LineWriter();

  // Queues `line`, which ends with a newline. Never waits for the descriptor.
  void Write(std::string line);
  // Waits for at most `timeout` until every line given so far is written or lost, and returns
  // whether it is.
  bool Flush(absl::Duration timeout);

 private:
  class Queue;  // the lines that wait, and the thread's loop over them
  explicit LineWriter(std::shared_ptr<Queue> queue);
  const std::shared_ptr<Queue> queue_;  // shared with its thread
};

// The sentence that stands in a log in place of `lost` lines.
std::string LostLinesText(int64_t lost);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_LINE_WRITER_H_
