#include "server/complaints.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/log.h"

namespace rpyc {
namespace {

constexpr absl::string_view kOthers = "other addresses";

// The peer's address, without the port and the label. All clients of a unix socket have the same.
absl::string_view AddressOf(absl::string_view peer) {
  peer = peer.substr(0, peer.find(" ("));
  const size_t colon = peer.rfind(':');
  if (colon == absl::string_view::npos || colon + 1 == peer.size()) return peer;
  for (char c : peer.substr(colon + 1)) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return peer;
  }
  return peer.substr(0, colon);
}

std::string CountLine(absl::string_view label, absl::string_view address, int64_t left_out) {
  return absl::StrCat(label, ": ", left_out, " further complaints about ", address,
                      " were not logged");
}

}  // namespace

void Complaints::Log(LogLevel level, absl::string_view label, absl::string_view peer,
                     absl::string_view line, absl::Time now) {
  if (!Logs(level)) return;
  std::vector<std::string> lines;
  bool is_logged = true;
  if (!Logs(LogLevel::kDebug)) {
    MutexLock lock(&mutex_);
    if (now - swept_ >= kInterval) {
      swept_ = now;
      for (auto it = by_address_.begin(); it != by_address_.end();) {
        const auto& [address, count] = *it;
        const bool over = now - count.since >= kInterval;
        if (over && count.left_out > 0) lines.push_back(CountLine(label, address, count.left_out));
        it = over ? by_address_.erase(it) : std::next(it);
      }
    }
    absl::string_view address = AddressOf(peer);
    if (by_address_.size() >= kMaxAddresses && !by_address_.contains(address)) address = kOthers;
    Count& count = by_address_.try_emplace(std::string(address), Count{.since = now}).first->second;
    if (now - count.since >= kInterval) {
      if (count.left_out > 0) lines.push_back(CountLine(label, address, count.left_out));
      count = {.since = now};
    }
    is_logged = count.logged < kMaxLines;
    if (is_logged) {
      ++count.logged;
    } else if (++count.left_out == 1) {
      lines.push_back(absl::StrCat(label, ": further complaints about ", address,
                                   " are counted, not logged, for ",
                                   absl::FormatDuration(kInterval)));
    }
  }
  for (const std::string& count : lines) LogWarning(count);
  if (is_logged) rpyc::Log(level, line);
}

void Complaints::LogCounts(absl::string_view label) {
  std::vector<std::string> lines;
  {
    MutexLock lock(&mutex_);
    for (const auto& [address, count] : by_address_) {
      if (count.left_out > 0) lines.push_back(CountLine(label, address, count.left_out));
    }
    by_address_.clear();
  }
  for (const std::string& line : lines) LogWarning(line);
}

}  // namespace rpyc
