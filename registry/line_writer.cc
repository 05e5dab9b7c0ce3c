#include "registry/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/mutex.h"

namespace rpyc {
namespace {

// Writes all of `line`, waiting for as long as that takes. Returns false if an error prevents it.
bool WriteAll(int fd, absl::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {  // a process that shares the descriptor made it non-blocking
      pollfd room = {.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

class LineWriter::Queue {
 public:
  explicit Queue(Options options) : options_(std::move(options)) {}

  const Options& options() const { return options_; }
  // The thread: writes lines until Stop.
  void Run();
  void Write(std::string line);
  bool Flush(absl::Duration timeout);
  void Stop();

 private:
  const Options options_;

  Mutex mutex_;
  CondVar changed_;   // signalled when the thread has something to do
  CondVar finished_;  // signalled when the thread has done something
  std::vector<std::string> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Counts the lines lost after those that wait. While it is not 0 Write takes no line, so that the
  // line that tells of the loss stands in its place.
  int64_t lines_lost_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t lines_given_ ABSL_GUARDED_BY(mutex_) = 0;     // to Write, so far
  uint64_t lines_finished_ ABSL_GUARDED_BY(mutex_) = 0;  // written or lost, so far
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

void LineWriter::Queue::Write(std::string line) {
  MutexLock lock(&mutex_);
  ++lines_given_;
  if (lines_lost_ > 0 || waiting_bytes_ + line.size() > options_.max_waiting_bytes) {
    ++lines_lost_;
  } else {
    waiting_bytes_ += line.size();
    waiting_.push_back(std::move(line));
  }
  changed_.Signal();
}

void LineWriter::Queue::Run() {
  std::vector<std::string> lines;
  int64_t unwritten = 0;  // lines that could not be written and that no line has told of yet
  for (;;) {
    int64_t lost = 0;
    uint64_t lines_given = 0;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && waiting_.empty() && lines_lost_ == 0) changed_.Wait(&mutex_);
      RPYC_ASSERT(lines_given_ - lines_finished_ >=
                  waiting_.size() + static_cast<uint64_t>(lines_lost_));
      if (waiting_.empty() && lines_lost_ == 0) {
        ended_ = true;
        finished_.SignalAll();
        return;
      }
      lines.swap(waiting_);
      waiting_bytes_ = 0;
      lost = std::exchange(lines_lost_, 0);
      lines_given = lines_given_;
    }
    for (const std::string& line : lines) {
      if (unwritten > 0 && WriteAll(options_.fd, options_.lost_line(unwritten))) unwritten = 0;
      if (!WriteAll(options_.fd, line)) ++unwritten;
    }
    unwritten += lost;
    if (lost > 0 && WriteAll(options_.fd, options_.lost_line(unwritten))) unwritten = 0;
    lines.clear();
    MutexLock lock(&mutex_);
    lines_finished_ = lines_given;
    finished_.SignalAll();
  }
}

bool LineWriter::Queue::Flush(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(&mutex_);
  const uint64_t lines_given = lines_given_;
  while (lines_finished_ < lines_given && finished_.WaitUntil(&mutex_, deadline)) {
  }
  return lines_finished_ >= lines_given;
}

void LineWriter::Queue::Stop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.Signal();
  while (!ended_) finished_.Wait(&mutex_);
}

absl::StatusOr<std::unique_ptr<LineWriter>> LineWriter::Start(Options options) {
  auto queue = std::make_shared<Queue>(std::move(options));
  absl::Status started = queue->options().start_thread([queue] { queue->Run(); });
  if (!started.ok()) return started;
  return std::unique_ptr<LineWriter>(new LineWriter(std::move(queue)));
}

LineWriter::LineWriter(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}

LineWriter::~LineWriter() { queue_->Stop(); }

void LineWriter::Write(std::string line) { queue_->Write(std::move(line)); }

bool LineWriter::Flush(absl::Duration timeout) { return queue_->Flush(timeout); }

std::string LostLinesText(int64_t lost) {
  return absl::StrCat(lost,
                      " lines of the log were lost here: it was not read, or could not be written");
}

}  // namespace rpyc
