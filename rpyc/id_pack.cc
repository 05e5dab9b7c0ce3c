#include "rpyc/id_pack.h"

namespace rpyc {

std::optional<IdPack> ParseIdPack(absl::string_view encoded, const Limits& limits) {
  brine::Reader reader(encoded, limits);
  const absl::StatusOr<uint32_t> count = reader.ReadTupleHeader();
  if (!count.ok() || *count != 3) return std::nullopt;
  const absl::StatusOr<absl::string_view> name = reader.ReadStr();
  if (!name.ok()) return std::nullopt;
  const absl::StatusOr<int64_t> class_id = reader.ReadInt();
  if (!class_id.ok()) return std::nullopt;
  const absl::StatusOr<int64_t> instance_id = reader.ReadInt();
  if (!instance_id.ok()) return std::nullopt;
  return IdPack{*name, *class_id, *instance_id};
}

std::optional<IdPack> ToIdPack(const Value& value) {
  const absl::Span<const Value> items = value.items();
  if (!value.IsTuple() || items.size() != 3 || items[0].AsStr() == nullptr ||
      items[1].AsInt() == nullptr || items[2].AsInt() == nullptr) {
    return std::nullopt;
  }
  return IdPack{*items[0].AsStr(), *items[1].AsInt(), *items[2].AsInt()};
}

void AppendIdPack(const IdPack& id_pack, OutBuffer* out) {
  brine::AppendTupleHeader(3, out);
  brine::AppendStr(id_pack.name, out);
  brine::AppendInt(id_pack.class_id, out);
  brine::AppendInt(id_pack.instance_id, out);
}

}  // namespace rpyc
