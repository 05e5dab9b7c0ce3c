// This part of Connection writes messages. See connection.h.

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/connection.h"
#include "rpyc/errors.h"
#include "rpyc/held_run_lock.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/thread_id.h"
#include "rpyc/version.h"
#include "rpyc/vinegar.h"

namespace rpyc {
namespace {

// A client warns in the traceback unless the version is denied, or begins with the client's own
// major number. Dialect 5 is spoken by clients of 4 and of 5, so there is none for it.
// Source:  RPyC core/vinegar.py, load, 4.1.0 to 6.0.2.
std::string RemoteVersion(Dialect dialect) {
  return dialect == Dialect::kV6 ? absl::StrCat("6.rpychost-", kVersion)
                                 : std::string(vinegar::kVersionDenied);
}

std::string EncodedInt(int64_t value) {
  OutBuffer out;
  brine::AppendInt(value, &out);
  return out.ToString();
}

bool HoldsOurObjects(const Value& value) {
  if (const std::shared_ptr<Object>* object = value.AsObject()) {
    return dynamic_cast<const NetrefObject*>(object->get()) == nullptr;
  }
  const absl::Span<const Value> items = value.items();
  return std::any_of(items.begin(), items.end(), HoldsOurObjects);
}

// Boxing runs under a lock, where none of the user's objects may die: the result holds them
// meanwhile. A value without any is not shared, so that its strings can be moved.
Value KeptWhileBoxed(const Value& value) { return HoldsOurObjects(value) ? value : Value(); }

}  // namespace

void Connection::BeginMessage(MessageType type, absl::string_view seq, uint64_t for_thread,
                              OutBuffer* out) {
  if (options_.config.bind_threads) {
    out->AppendU64(ThisThreadId());
    out->AppendU64(for_thread);
  }
  AppendMessageHead(dialect_.load(std::memory_order_relaxed), type, seq, out);
}

absl::Status Connection::Reply(const Job& job, Value result) {
  const Value kept = KeptWhileBoxed(result);
  return outbox_.Append([&](OutBuffer* out) {
    FrameWriter frame(out);
    BeginMessage(MessageType::kReply, job.seq, job.peer_thread, out);
    absl::Status boxed = boxing_.Box(std::move(result), out);
    if (!boxed.ok()) {
      frame.Abandon();
      return boxed;
    }
    absl::Status ended = frame.End(std::numeric_limits<uint32_t>::max());
    return ended.ok() ? ended : PyStatus("OverflowError", ended.message());
  });
}

void Connection::ReplyException(const Job& job, const absl::Status& error) {
  const std::string version = RemoteVersion(dialect_.load(std::memory_order_relaxed));
  vinegar::DumpOptions options;
  options.include_traceback = options_.config.include_local_traceback;
  if (options_.config.include_local_version) options.version = version;
  const Value dumped = vinegar::Dump(ToException(error), options);
  // Dump makes only what can be encoded, and of bounded size.
  absl::Status appended = outbox_.Append([&](OutBuffer* out) {
    FrameWriter frame(out);
    BeginMessage(MessageType::kException, job.seq, job.peer_thread, out);
    brine::Encode(dumped, Limits(), out).IgnoreError();
    return frame.End(std::numeric_limits<uint32_t>::max());
  });
  if (!appended.ok()) End(std::move(appended));  // there is no memory even for that
}

absl::Status Connection::AppendRequest(int64_t seq, Handle handle, Value args) {
  const Value kept = KeptWhileBoxed(args);
  absl::Status appended = outbox_.Append(
      [&](OutBuffer* out) { return EncodeRequest(seq, handle, std::move(args), out); });
  return IsOutOfMemory(appended) ? PyStatus("MemoryError", appended.message()) : appended;
}

absl::Status Connection::EncodeRequest(int64_t seq, Handle handle, Value args, OutBuffer* out) {
  FrameWriter frame(out);
  BeginMessage(MessageType::kRequest, EncodedInt(seq), HeldRunLock::PeerThread(&activity_), out);
  brine::AppendTupleHeader(2, out);
  brine::AppendInt(static_cast<int64_t>(handle), out);
  absl::Status boxed = boxing_.Box(std::move(args), out);
  if (!boxed.ok()) {
    frame.Abandon();
    return boxed;
  }
  absl::Status ended = frame.End(std::numeric_limits<uint32_t>::max());
  return ended.ok() ? ended : PyStatus("OverflowError", ended.message());
}

void Connection::AppendReleases() {
  if (!proxies_.owner()->has_releases()) return;
  for (const NetrefOwner::Release& release : proxies_.TakeReleases()) {
    // REQUEST (DEL, TUPLE (LOCAL_REF id_pack, VALUE count))
    outbox_
        .Append([&](OutBuffer* out) {
          FrameWriter frame(out);
          BeginMessage(MessageType::kRequest, EncodedInt(pending_.NextSeq()),
                       HeldRunLock::PeerThread(&activity_), out);
          brine::AppendTupleHeader(2, out);
          brine::AppendInt(static_cast<int64_t>(Handle::kDel), out);
          boxing_.AppendRelease(release, out);
          return frame.End(std::numeric_limits<uint32_t>::max());
        })
        .IgnoreError();
  }
}

}  // namespace rpyc
