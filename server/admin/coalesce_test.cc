#include "server/admin/coalesce.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

using Cause = RegistrationChange::Cause;
using Seen = std::vector<std::pair<std::string, Cause>>;

Seen CoalesceNamed(const Seen& named) {
  std::vector<RegistrationChange> changes;
  for (const auto& [name, cause] : named) {
    changes.push_back({static_cast<int64_t>(changes.size()) + 1, cause, {.key = {name, "h", 1}}});
  }
  Seen seen;
  int64_t last = 0;
  for (const RegistrationChange& change : Coalesce(changes)) {
    EXPECT_GT(change.revision, last);
    last = change.revision;
    seen.emplace_back(change.registration.key.service_name, change.cause);
  }
  return seen;
}

TEST(Coalesce, LeavesDifferentOnesAlone) {
  const Seen seen = {{"A", Cause::kRegistered}, {"B", Cause::kPruned}, {"C", Cause::kRefreshed}};
  EXPECT_EQ(CoalesceNamed(seen), seen);
}

TEST(Coalesce, PutsThoseOfOneTogether) {
  EXPECT_EQ(CoalesceNamed({{"A", Cause::kRegistered},
                           {"B", Cause::kRegistered},
                           {"A", Cause::kRefreshed},
                           {"A", Cause::kRefreshed}}),
            (Seen{{"B", Cause::kRegistered}, {"A", Cause::kRegistered}}));
  EXPECT_EQ(CoalesceNamed({{"A", Cause::kRefreshed}, {"A", Cause::kPruned}}),
            (Seen{{"A", Cause::kPruned}}));
  EXPECT_EQ(CoalesceNamed(
                {{"A", Cause::kRegistered}, {"A", Cause::kRefreshed}, {"A", Cause::kUnregistered}}),
            Seen{});
  EXPECT_EQ(CoalesceNamed({{"A", Cause::kUnregistered}, {"A", Cause::kRegistered}}),
            (Seen{{"A", Cause::kRefreshed}}));
  EXPECT_EQ(
      CoalesceNamed({{"A", Cause::kPruned}, {"A", Cause::kRegistered}, {"A", Cause::kDeleted}}),
      (Seen{{"A", Cause::kDeleted}}));
  EXPECT_EQ(
      CoalesceNamed({{"A", Cause::kRegistered}, {"A", Cause::kPruned}, {"A", Cause::kRegistered}}),
      (Seen{{"A", Cause::kRegistered}}));
}

}  // namespace
}  // namespace rpyc
