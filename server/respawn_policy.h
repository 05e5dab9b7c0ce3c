#ifndef RPYC_SERVER_RESPAWN_POLICY_H_
#define RPYC_SERVER_RESPAWN_POLICY_H_

#include <optional>

#include "absl/time/time.h"

namespace rpyc {

// Says how soon a process that has died is replaced: at once, then after 100 ms, and after twice as
// long each further time, until it gives up on a process that dies over and over.
// Threads: one at a time.
class RespawnPolicy {
 public:
  // After so many deaths in a row, between which no replacement lived for kStableTime, it gives up.
  static constexpr int kMaxDeaths = 6;
  static constexpr absl::Duration kStableTime = absl::Seconds(10);

  // The process has died after it had `lived` so long, or could not be made. Returns how long to
  // wait before the next is made; nullopt: give up.
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
