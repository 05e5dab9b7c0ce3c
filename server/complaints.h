#ifndef RPYC_SERVER_COMPLAINTS_H_
#define RPYC_SERVER_COMPLAINTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/log_level.h"
#include "rpyc/mutex.h"

namespace rpyc {

// Logs what a server has to say about its peers, with a bound for each address: the first kMaxLines
// in each kInterval are logged and the rest are counted. The count is logged with a later complaint
// or when the server closes. At log level debug every line is logged.
// Threads: any.
class Complaints {
 public:
  static constexpr int kMaxLines = 20;
  static constexpr absl::Duration kInterval = absl::Seconds(10);
  static constexpr size_t kMaxAddresses = 1024;  // further addresses share one count

  // Logs or counts `line`, which is about `peer` ("127.0.0.1:53422", perhaps with a label behind
  // it). Tests pass a `now` of their own.
  void Log(LogLevel level, absl::string_view label, absl::string_view peer, absl::string_view line,
           absl::Time now);
  // Logs the counts that have not been logged.
  void LogCounts(absl::string_view label);

 private:
  struct Count {
    absl::Time since;
    int logged = 0;
    int64_t left_out = 0;
  };

  Mutex mutex_;
  std::map<std::string, Count, std::less<>> by_address_ ABSL_GUARDED_BY(mutex_);
  absl::Time swept_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace rpyc

#endif  // RPYC_SERVER_COMPLAINTS_H_
