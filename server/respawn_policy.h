#ifndef RPYC_SERVER_RESPAWN_POLICY_H_
#define RPYC_SERVER_RESPAWN_POLICY_H_

#include <optional>

#include "absl/time/time.h"

namespace rpyc {

// How soon a process that has died is replaced, and when that is given up: at once, then after
// 100 ms, and after twice as long each time; a process that dies over and over is not worth more.
// Threads: one at a time.
class RespawnPolicy {
 public:
  // So many deaths in a row are the end: no replacement lived for kStableTime.
  static constexpr int kMaxDeaths = 6;
  static constexpr absl::Duration kStableTime = absl::Seconds(10);

  // The process has died, or could not be made, after it had lived so long. Answers how long to
  // wait before the next is made; nullopt: it is not to be replaced.
  std::optional<absl::Duration> OnDeath(absl::Duration lived) {
    deaths_ = lived >= kStableTime ? 1 : deaths_ + 1;
    if (deaths_ >= kMaxDeaths) return std::nullopt;
    if (deaths_ == 1) return absl::ZeroDuration();
    return absl::Milliseconds(100) * (1 << (deaths_ - 2));
  }
  int deaths() const { return deaths_; }  // in a row

 private:
  int deaths_ = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_RESPAWN_POLICY_H_
