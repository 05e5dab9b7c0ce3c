#include "rpyc/id_pack.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/numbers.h"

namespace rpyc {
namespace {

// Reads an instance id with a secret above it.
bool TakeSecret(const BigInt& number, IdPack* id_pack) {
  absl::uint128 all;
  if (!absl::SimpleAtoi(number.decimal, &all)) return false;
  const uint64_t low = absl::Uint128Low64(all);
  id_pack->secret = absl::Uint128High64(all);
  id_pack->instance_id = static_cast<int64_t>(low);
  return id_pack->secret != 0 && low <= uint64_t{std::numeric_limits<int64_t>::max()};
}

std::string Decimal(absl::uint128 number) {
  std::string digits;
  for (; number != 0; number /= 10) {
    digits.push_back(static_cast<char>('0' + absl::Uint128Low64(number % 10)));
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

std::optional<IdPack> ParseIdPack(absl::string_view encoded, const Limits& limits) {
  brine::Reader reader(encoded, limits);
  const absl::StatusOr<uint32_t> count = reader.ReadTupleHeader();
  if (!count.ok() || *count != 3) return std::nullopt;
  const absl::StatusOr<absl::string_view> name = reader.ReadStr();
  if (!name.ok()) return std::nullopt;
  const absl::StatusOr<int64_t> class_id = reader.ReadInt();
  if (!class_id.ok()) return std::nullopt;
  const absl::string_view rest = reader.rest();
  const absl::StatusOr<int64_t> instance_id = reader.ReadInt();
  IdPack id_pack{.name = *name, .class_id = *class_id};
  if (instance_id.ok()) {
    id_pack.instance_id = *instance_id;
    return id_pack;
  }
  const absl::StatusOr<Value> number = brine::Decode(rest, limits);
  if (!number.ok() || number->AsBigInt() == nullptr) return std::nullopt;
  if (!TakeSecret(*number->AsBigInt(), &id_pack)) return std::nullopt;
  return id_pack;
}

std::optional<IdPack> ToIdPack(const Value& value) {
  const absl::Span<const Value> items = value.items();
  if (!value.IsTuple() || items.size() != 3 || items[0].AsStr() == nullptr ||
      items[1].AsInt() == nullptr) {
    return std::nullopt;
  }
  IdPack id_pack{.name = *items[0].AsStr(), .class_id = *items[1].AsInt()};
  if (items[2].AsInt() != nullptr) {
    id_pack.instance_id = *items[2].AsInt();
  } else if (items[2].AsBigInt() == nullptr || !TakeSecret(*items[2].AsBigInt(), &id_pack)) {
    return std::nullopt;
  }
  return id_pack;
}

void AppendIdPack(const IdPack& id_pack, OutBuffer* out) {
  brine::AppendTupleHeader(3, out);
  brine::AppendStr(id_pack.name, out);
  brine::AppendInt(id_pack.class_id, out);
  if (id_pack.secret == 0) return brine::AppendInt(id_pack.instance_id, out);
  const absl::uint128 number =
      absl::MakeUint128(id_pack.secret, static_cast<uint64_t>(id_pack.instance_id));
  brine::Encode(Value(BigInt{Decimal(number)}), Limits(), out).IgnoreError();  // 39 digits
}

}  // namespace rpyc
