#include "registry/etcd/etcd_record.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "registry/registration_id.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

// The most milliseconds since 1970 that can be shown as a date.
constexpr int64_t kMaxMillis = int64_t{1} << 45;

bool ReadTime(absl::string_view text, absl::Time* time) {
  int64_t millis = 0;
  if (!absl::SimpleAtoi(text, &millis) || millis < 0 || millis > kMaxMillis) return false;
  *time = absl::FromUnixMillis(millis);
  return true;
}

}  // namespace

std::string EtcdValue(const Registration& registration) {
  return absl::StrCat(registration.source, "\t", absl::ToUnixMillis(registration.register_time),
                      "\t", absl::ToUnixMillis(registration.refresh_time), "\t",
                      absl::ToUnixMillis(registration.expire_time));
}

absl::StatusOr<Registration> ParseEtcdRecord(absl::string_view id, absl::string_view value) {
  absl::StatusOr<RegistrationKey> key = ParseRegistrationId(id);
  if (!key.ok()) return key.status();
  const std::vector<absl::string_view> parts = absl::StrSplit(value, '\t');
  Registration registration{.key = *std::move(key)};
  if (parts.size() != 4 || !IsValidUtf8(parts[0]) ||
      !ReadTime(parts[1], &registration.register_time) ||
      !ReadTime(parts[2], &registration.refresh_time) ||
      !ReadTime(parts[3], &registration.expire_time)) {
    return absl::InvalidArgumentError(absl::StrCat("the value of ", id, " is no registration"));
  }
  registration.source = std::string(parts[0]);
  return registration;
}

}  // namespace rpyc
