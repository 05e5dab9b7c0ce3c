#include "rpyc/boxing.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/brine_format.h"
#include "rpyc/errors.h"
#include "rpyc/id_pack.h"
#include "rpyc/netref_object.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {
namespace {

// The memory that a proxy takes besides its id_pack, which it and the table have, and its name.
constexpr size_t kNetrefBytes = 256;

void AppendLabel(Label label, OutBuffer* out) {
  brine::AppendTupleHeader(2, out);
  brine::AppendInt(static_cast<int64_t>(label), out);
}

// What makes an error or is rare is not inlined: unboxing recurses, and method calls run after it
// on a stack of which an idle connection keeps the pages once touched.

// Says what stands in place of a tuple that was expected.
[[gnu::noinline, gnu::cold]] absl::Status NotATuple(absl::string_view expected,
                                                    brine::Reader* reader) {
  absl::StatusOr<Value> other = reader->ReadValue();
  if (!other.ok()) return std::move(other).status();
  return PyStatus("TypeError", absl::StrCat(expected, other->DebugString()));
}

[[gnu::noinline, gnu::cold]] absl::Status WrongLabelCount(uint32_t count) {
  return PyStatus("ValueError",
                  absl::StrCat("a boxed value has a label and a content, not ", count, " items"));
}

bool IsLabel(int64_t number) {
  return number >= static_cast<int64_t>(Label::kValue) &&
         number <= static_cast<int64_t>(Label::kRemoteRef);
}

// Reads a label that is not in the form of stock peers, or says that there is none.
[[gnu::noinline, gnu::cold]] absl::StatusOr<Label> ReadUnusualLabel(brine::Reader* reader) {
  absl::StatusOr<Value> label = reader->ReadValue();
  if (!label.ok()) return std::move(label).status();
  if (label->AsInt() != nullptr && IsLabel(*label->AsInt())) {
    return static_cast<Label>(*label->AsInt());
  }
  return PyStatus("ValueError", absl::StrCat("invalid label ", label->DebugString()));
}

// Enters the (label, content) tuple of a boxed value and reads the label.
[[gnu::noinline]] absl::StatusOr<Label> ReadLabel(brine::Reader* reader) {
  if (!reader->AtTuple()) {
    return NotATuple("a boxed value must be a tuple of label and content, not ", reader);
  }
  const absl::StatusOr<uint32_t> count = reader->ReadTupleHeader();
  if (!count.ok()) return count.status();
  if (*count != 2) return WrongLabelCount(*count);
  const int64_t number = reader->PeekTag() - brine::kTagSmallIntZero;
  if (!reader->AtSmallInt() || !IsLabel(number)) return ReadUnusualLabel(reader);
  reader->ReadInt().IgnoreError();
  return static_cast<Label>(number);
}

[[gnu::noinline, gnu::cold]] absl::Status TooDeep(int max_nesting) {
  return absl::ResourceExhaustedError(
      absl::StrCat("boxed tuples nested deeper than max_nesting ", max_nesting));
}

[[gnu::noinline, gnu::cold]] absl::Status UnknownObject(absl::string_view encoded_id_pack,
                                                        const Limits& limits) {
  absl::StatusOr<Value> id_pack = brine::Decode(encoded_id_pack, limits);
  if (!id_pack.ok()) return id_pack.status();
  return PyStatus(RemoteException{.name = "KeyError", .args = {*std::move(id_pack)}});
}

// Unboxes arguments that all travel by value.
[[gnu::noinline]] absl::StatusOr<std::vector<Value>> UnboxValues(brine::Reader* reader) {
  absl::StatusOr<Value> value = reader->ReadValue();
  if (!value.ok()) return std::move(value).status();
  if (!value->IsTuple()) {
    return PyStatus("TypeError", absl::StrCat("the arguments of a request must be a tuple, not ",
                                              value->DebugString()));
  }
  return std::move(*value).TakeItems();
}

}  // namespace

absl::StatusOr<std::vector<Value>> Boxing::UnboxItems(brine::Reader* reader, int depth) {
  if (!reader->AtTuple()) return NotATuple("expected a tuple of boxed values, got ", reader);
  const absl::StatusOr<uint32_t> count = reader->ReadTupleHeader();
  if (!count.ok()) return count.status();
  std::vector<Value> items;
  // The shortest boxed value has three bytes, so a claimed count cannot reserve more than arrived.
  items.reserve(std::min<size_t>(*count, reader->rest().size() / 3));
  for (uint32_t i = 0; i < *count; ++i) {
    absl::StatusOr<Value> item = Unbox(reader, depth + 1);
    if (!item.ok()) return item.status();
    items.push_back(*std::move(item));
  }
  return items;
}

[[gnu::noinline]] absl::StatusOr<Value> Boxing::UnboxLocal(brine::Reader* reader) {
  const absl::StatusOr<absl::string_view> encoded = reader->SkipValue();
  if (!encoded.ok()) return encoded.status();
  const std::optional<IdPack> id_pack = ParseIdPack(*encoded, limits_);
  std::shared_ptr<Object> object = id_pack ? local_objects_->Find(*id_pack) : nullptr;
  if (object == nullptr) return UnknownObject(*encoded, limits_);
  return Value(std::move(object));
}

[[gnu::noinline]] absl::StatusOr<Value> Boxing::UnboxRemote(brine::Reader* reader) {
  const absl::StatusOr<absl::string_view> encoded = reader->SkipValue();
  if (!encoded.ok()) return encoded.status();
  if (absl::Status charged = reader->ChargeFor(kNetrefBytes + 3 * encoded->size()); !charged.ok()) {
    return charged;
  }
  absl::StatusOr<std::shared_ptr<NetrefObject>> netref = proxies_->Receive(*encoded, limits_);
  if (!netref.ok()) return std::move(netref).status();
  if (shared_ != nullptr) {
    // The peer's proxy of an object of ours, which it has by another connection, is that object.
    // The netref dies here, and so the peer's reference is given back.
    const std::optional<IdPack> id_pack = ParseIdPack(*encoded, limits_);
    std::shared_ptr<Object> ours = id_pack ? shared_->Find(*id_pack) : nullptr;
    if (ours != nullptr) return Value(std::move(ours));
  }
  return Value(std::shared_ptr<Object>(*std::move(netref)));
}

[[gnu::noinline]] absl::StatusOr<Value> Boxing::UnboxTuple(brine::Reader* reader, int depth) {
  absl::StatusOr<std::vector<Value>> items = UnboxItems(reader, depth);
  if (!items.ok()) return std::move(items).status();
  return Value::Tuple(*std::move(items));
}

absl::StatusOr<Value> Boxing::Unbox(brine::Reader* reader, int depth) {
  if (depth > limits_.max_nesting) return TooDeep(limits_.max_nesting);
  const absl::StatusOr<Label> label = ReadLabel(reader);
  if (!label.ok()) return label.status();
  switch (*label) {
    case Label::kValue:
      return reader->ReadValue();
    case Label::kTuple:
      return UnboxTuple(reader, depth);
    case Label::kLocalRef:
      return UnboxLocal(reader);
    case Label::kRemoteRef:
      return UnboxRemote(reader);
  }
  return absl::InternalError("a label outside its range");
}

absl::StatusOr<std::vector<Value>> Boxing::UnboxArgs(brine::Reader* reader) {
  const absl::StatusOr<Label> label = ReadLabel(reader);
  if (!label.ok()) return label.status();
  if (*label == Label::kTuple) return UnboxItems(reader, 0);
  if (*label == Label::kValue) return UnboxValues(reader);
  return PyStatus("TypeError", "the arguments of a request must be a tuple, not a reference");
}

absl::Status Boxing::BoxInto(Value value, int depth, OutBuffer* out,
                             std::vector<std::shared_ptr<Object>>* counted) {
  if (value.by_value()) {
    AppendLabel(Label::kValue, out);
    absl::Status encoded = brine::Encode(std::move(value), limits_, out);
    return encoded.ok() ? encoded : PyStatus("ValueError", encoded.message());
  }
  if (value.IsTuple()) {
    if (depth >= limits_.max_nesting) {
      return PyStatus("ValueError",
                      absl::StrCat("tuples nested deeper than max_nesting ", limits_.max_nesting));
    }
    AppendLabel(Label::kTuple, out);
    brine::AppendTupleHeader(static_cast<uint32_t>(value.items().size()), out);
    for (Value& item : std::move(value).TakeItems()) {
      absl::Status boxed = BoxInto(std::move(item), depth + 1, out, counted);
      if (!boxed.ok()) return boxed;
    }
    return absl::OkStatus();
  }
  const std::shared_ptr<Object>* object = value.AsObject();
  if (object == nullptr) {
    return PyStatus("TypeError",
                    absl::StrCat("a ", value.type_name(), " that holds references cannot be sent"));
  }
  const auto* netref = dynamic_cast<const NetrefObject*>(object->get());
  if (netref != nullptr && netref->BelongsTo(proxies_->owner())) {
    AppendLabel(Label::kLocalRef, out);
    out->Append(netref->id_pack());
    return absl::OkStatus();
  }
  absl::StatusOr<IdPack> id_pack = local_objects_->Add(*object);
  if (!id_pack.ok()) return id_pack.status();
  counted->push_back(*object);
  AppendLabel(Label::kRemoteRef, out);
  AppendIdPack(*id_pack, out);
  return absl::OkStatus();
}

absl::Status Boxing::Box(Value value, OutBuffer* out) {
  const size_t start = out->size();
  std::vector<std::shared_ptr<Object>> counted;
  absl::Status boxed = BoxInto(std::move(value), 0, out, &counted);
  if (boxed.ok()) return boxed;
  out->Truncate(start);
  for (const std::shared_ptr<Object>& object : counted) {
    // This fails if the peer has given back more references meanwhile than it was sent.
    local_objects_->Release(*object, 1).IgnoreError();
  }
  return boxed;
}

void Boxing::AppendRelease(const NetrefOwner::Release& release, OutBuffer* out) {
  AppendLabel(Label::kTuple, out);
  brine::AppendTupleHeader(2, out);
  AppendLabel(Label::kLocalRef, out);
  out->Append(release.id_pack);
  AppendLabel(Label::kValue, out);
  brine::AppendInt(release.count, out);
}

}  // namespace rpyc
