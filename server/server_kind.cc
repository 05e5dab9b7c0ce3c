#include "server/server_kind.h"

#include "absl/strings/str_join.h"

namespace rpyc {

const ServerKindInfo* ServerKindTable::Find(absl::string_view name) const {
  for (const ServerKindInfo& row : rows_) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::string ServerKindTable::Names() const {
  return absl::StrJoin(rows_, ", ",
                       [](std::string* out, const ServerKindInfo& row) { out->append(row.name); });
}

}  // namespace rpyc
