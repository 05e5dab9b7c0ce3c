// This fuzzes a whole connection whose peer is the input. However the peer behaves, it gets
// well-formed frames and at most one answer to a request, in bounded memory, and nothing of ours
// outlives the connection.
//
// The input is an options byte, then pieces between the bytes fe ff fe; each piece is sent once
// everything before it has been served. A piece is the payload of a frame, or with kRaw bytes as
// they are. In it, fd and a byte k stand for the id_pack of the k-th reference handed out so far,
// and fc and a byte k for its instance id, since these are not the same in every run.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "rpyc/brine.h"
#include "rpyc/channel.h"
#include "rpyc/connection.h"
#include "rpyc/dialect.h"
#include "rpyc/foreign_protocol.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/stream.h"
#include "rpyc/testing/allocation_meter.h"
#include "rpyc/value.h"
#include "tests/fuzz/fuzz_service.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/golden/vectors.h"

namespace rpyc::fuzz {
namespace {

// These are bits of the options byte.
constexpr uint8_t kRaw = 1;
constexpr uint8_t kAllAttributes = 2;
constexpr uint8_t kPublicAttributes = 4;
constexpr uint8_t kSmallReads = 8;

constexpr absl::string_view kSeparator = "\xfe\xff\xfe";
constexpr char kIdPackOf = '\xfd';
constexpr char kInstanceIdOf = '\xfc';

constexpr size_t kMaxPeakBytes = 24 << 20;

Connection::Options MakeOptions(uint8_t flags) {
  Connection::Options options;
  options.limits.max_frame_bytes = 64 << 10;
  options.limits.max_inflated_bytes = 128 << 10;
  options.limits.max_decoded_bytes = 2 << 20;
  options.limits.max_nesting = 20;
  options.limits.max_int_digits = 300;
  options.limits.max_local_objects = 40;
  options.config.allow_all_attrs = (flags & kAllAttributes) != 0;
  options.config.allow_setattr = (flags & kAllAttributes) != 0;
  options.config.allow_delattr = (flags & kAllAttributes) != 0;
  options.config.allow_public_attrs = (flags & kPublicAttributes) != 0;
  return options;
}

std::string Encoded(const Value& value) { return brine::EncodeToString(value, Limits()).value(); }

std::string Framed(absl::string_view payload) {
  OutBuffer out;
  FrameWriter frame(&out);
  out.Append(payload);
  Check(frame.End(UINT32_MAX).ok(), "a frame");
  return out.ToString();
}

// Records what has been said so far, seen from the peer's side.
class Conversation {
 public:
  Conversation(absl::string_view input, bool raw) : rest_(input), raw_(raw) {}

  // Returns what the peer sends next, or "" when it has nothing more to say.
  std::string Next() {
    std::string bytes;
    while (bytes.empty() && !rest_.empty()) {
      const size_t end = rest_.find(kSeparator);
      const std::string piece = Filled(rest_.substr(0, end));
      rest_.remove_prefix(end == absl::string_view::npos ? rest_.size() : end + kSeparator.size());
      if (!raw_) Sent(piece);
      bytes = raw_ ? piece : Framed(piece);
    }
    sent_ += bytes;
    return bytes;
  }

  // Takes what our side wrote: whole frames, each a message. A peer that speaks another protocol
  // gets an answer in that protocol.
  void Received(absl::string_view bytes) {
    if (IsAnswerToForeigner(bytes)) return;
    received_.append(bytes.data(), bytes.size());
    absl::string_view left = received_;
    while (left.size() >= kFrameHeaderBytes) {
      size_t size = 0;
      for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>(left[i]);
      Check(left[4] == 0, "frames are not compressed");
      const size_t frame_bytes = kFrameHeaderBytes + size + kFrameTrailerBytes;
      if (left.size() < frame_bytes) break;
      Check(left[frame_bytes - 1] == '\n', "a frame ends in a newline");
      Message(left.substr(kFrameHeaderBytes, size));
      left.remove_prefix(frame_bytes);
    }
    received_.erase(0, received_.size() - left.size());
  }

  void CheckEnd(const absl::Status& end) const {
    Check(received_.empty(), "half a frame was sent");
    if (raw_) return;
    for (const auto& [seq, count] : answers_) {
      const auto asked = requests_.find(seq);
      Check(asked != requests_.end() && count <= asked->second, "an answer nobody asked for");
    }
    // If the peer leaves while a call waits for it, the call is answered no more.
    if (end.ok() && !closed_ && !has_called_peer_) {
      Check(answers_ == requests_, "a request without an answer");
    }
  }

 private:
  // Returns whether what has been sent, as far as our side may have read it, looks like another
  // protocol.
  bool IsAnswerToForeigner(absl::string_view bytes) const {
    if (dialect_ != Dialect::kUnknown || !received_.empty()) return false;
    for (size_t read = 1; read <= sent_.size(); ++read) {
      const std::optional<ForeignProtocol> foreign =
          RecogniseForeignProtocol(absl::string_view(sent_).substr(0, read), PortProtocol::kRpyc);
      if (foreign.has_value() && foreign->answer == bytes) return true;
    }
    return false;
  }

  std::string Filled(absl::string_view piece) const {
    std::string filled;
    for (size_t i = 0; i < piece.size(); ++i) {
      if ((piece[i] != kIdPackOf && piece[i] != kInstanceIdOf) || i + 1 == piece.size()) {
        filled += piece[i];
        continue;
      }
      const bool whole = piece[i] == kIdPackOf;
      const auto number = static_cast<uint8_t>(piece[++i]);
      const Value id_pack = references_.empty() ? Value::Tuple({"none", 1, 2})
                                                : references_[number % references_.size()];
      filled += Encoded(whole ? id_pack : id_pack.items()[2]);
    }
    return filled;
  }

  void Sent(absl::string_view payload) {
    if (dialect_ == Dialect::kUnknown) dialect_ = DetectDialect(payload);
    const Limits limits;
    brine::Reader reader(payload, limits);
    const absl::StatusOr<MessageHead> head = ReadMessageHead(dialect_, &reader);
    if (!head.ok() || head->type != MessageType::kRequest) return;
    ++requests_[std::string(head->seq)];
    const absl::StatusOr<uint32_t> parts = reader.ReadTupleHeader();
    if (!parts.ok() || *parts == 0) return;
    const absl::StatusOr<int64_t> handler = reader.ReadInt();
    closed_ |= handler.ok() && *handler == static_cast<int64_t>(Handle::kClose);
  }

  void Message(absl::string_view payload) {
    // The peer chooses the dialect; what it sent tells which, or with kRaw the first answer does.
    if (dialect_ == Dialect::kUnknown) dialect_ = DetectDialect(payload);
    const Limits limits;
    brine::Reader reader(payload, limits);
    const absl::StatusOr<MessageHead> head = ReadMessageHead(dialect_, &reader);
    Check(head.ok(), "what we send is a message");
    const absl::StatusOr<Value> args = reader.ReadValue();
    Check(args.ok() && reader.rest().empty(), "with one value after its head");
    switch (head->type) {
      case MessageType::kRequest:
        Check(args->IsTuple() && args->items().size() == 2, "(handler, args)");
        has_called_peer_ |= args->items()[0] != Value(static_cast<int>(Handle::kDel));
        CheckBoxed(args->items()[1]);
        break;
      case MessageType::kReply:
        ++answers_[std::string(head->seq)];
        CheckBoxed(*args);
        break;
      case MessageType::kException:
        ++answers_[std::string(head->seq)];
        Check(*args == Value(kExcStopIteration) || args->items().size() == 4, "vinegar");
    }
  }

  void CheckBoxed(const Value& boxed) {
    Check(boxed.IsTuple() && boxed.items().size() == 2 && boxed.items()[0].AsInt() != nullptr,
          "(label, content)");
    const Value& content = boxed.items()[1];
    switch (static_cast<Label>(*boxed.items()[0].AsInt())) {
      case Label::kValue:
      case Label::kLocalRef:
        break;
      case Label::kTuple:
        Check(content.IsTuple(), "a tuple of boxed values");
        for (const Value& item : content.items()) CheckBoxed(item);
        break;
      case Label::kRemoteRef:
        Check(content.IsTuple() && content.items().size() == 3 &&
                  content.items()[0].AsStr() != nullptr && content.items()[2].AsInt() != nullptr,
              "(name, class id, instance id)");
        references_.push_back(content);
        break;
      default:
        Check(false, "a label there is");
    }
  }

  absl::string_view rest_;
  const bool raw_;
  Dialect dialect_ = Dialect::kUnknown;
  bool has_called_peer_ = false;         // our side has called the peer's objects
  bool closed_ = false;                  // the peer has sent CLOSE
  std::map<std::string, int> requests_;  // how often each encoded sequence number was requested
  std::map<std::string, int> answers_;
  std::string sent_;
  std::string received_;  // holds half a frame
  std::vector<Value> references_;
};

// Says the next piece when it is read from and nothing is left, so that no thread is needed.
class ConversationStream : public Stream {
 public:
  ConversationStream(Conversation* conversation, size_t max_read_bytes)
      : conversation_(conversation), max_read_bytes_(max_read_bytes) {}

  absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint, absl::Time) override {
    Check(!into.empty(), "there is space to read into");
    if (pending_.empty() && !shut_) pending_ = conversation_->Next();
    if (pending_.empty() || shut_) return ReadResult{ReadResult::kEof};
    const size_t bytes = std::min({into.size(), pending_.size(), max_read_bytes_});
    pending_.copy(into.data(), bytes);
    pending_.erase(0, bytes);
    return ReadResult{ReadResult::kData, bytes};
  }
  // No watcher reads this stream.
  bool Wait(Event, absl::Time) override { return true; }
  absl::StatusOr<ReadResult> ReadAhead(size_t) override {
    return ReadResult{ReadResult::kWouldBlock};
  }
  size_t read_ahead_bytes() const override { return 0; }
  absl::string_view read_ahead() const override { return {}; }
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override {
    size_t bytes = 0;
    for (absl::string_view chunk : chunks) {
      conversation_->Received(chunk);
      bytes += chunk.size();
    }
    return bytes;
  }
  void Shutdown() override { shut_ = true; }

 private:
  Conversation* const conversation_;
  const size_t max_read_bytes_;
  std::string pending_;
  bool shut_ = false;
};

// Returns false if objects of ours may outlive the connection.
bool Converse(absl::string_view input) {
  const uint8_t flags = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  input.remove_prefix(std::min<size_t>(1, input.size()));
  Conversation conversation(input, (flags & kRaw) != 0);
  static auto* const service = new FuzzService;
  const Connection::Options options = MakeOptions(flags);
  Connection connection(
      std::make_unique<ConversationStream>(&conversation, (flags & kSmallReads) != 0 ? 7 : 100'000),
      &service->service(), &options);
  conversation.CheckEnd(connection.ServeAll());
  return service->Forget();
}

// --- seeds -------------------------------------------------------------------------------------

// Returns boxed values as bytes, which may hold placeholders.
std::string BoxValue(const Value& value) { return absl::StrCat("\x11\x51", Encoded(value)); }
std::string BoxTuple(const std::vector<std::string>& boxed) {
  OutBuffer header;
  brine::AppendTupleHeader(static_cast<uint32_t>(boxed.size()), &header);
  std::string bytes = absl::StrCat("\x11\x52", header.ToString());
  for (const std::string& item : boxed) bytes += item;
  return bytes;
}
// Returns the k-th reference handed out; 0 is the root once GETROOT has been answered.
std::string Ref(char k) { return std::string("\x11\x53\xfd") + k; }
// Returns an object of the peer's.
std::string Mine(const char* name, int id) {
  return absl::StrCat("\x11\x54", Encoded(Value::Tuple({name, 500, id})));
}

// Puts together a conversation in one dialect; its requests are numbered from 0.
class Script {
 public:
  Script(Dialect dialect, uint8_t flags) : dialect_(dialect), bytes_(1, static_cast<char>(flags)) {}

  Script& Request(Handle handle, const std::string& boxed_args) {
    return Message(MessageType::kRequest, next_seq_++,
                   absl::StrCat("\x11", Encoded(static_cast<int>(handle)), boxed_args));
  }
  Script& Message(MessageType type, const Value& seq, const std::string& args) {
    OutBuffer head;
    AppendMessageHead(dialect_, type, Encoded(seq), &head);
    absl::StrAppend(&bytes_, bytes_.size() == 1 ? "" : kSeparator, head.ToString(), args);
    return *this;
  }
  Script& Root() { return Request(Handle::kGetRoot, BoxValue(Value::Tuple({}))); }
  Script& GetAttr(char object, const char* name) {
    return Request(Handle::kGetAttr, BoxTuple({Ref(object), BoxValue(name)}));
  }
  Script& CallAttr(char object, const char* name, std::vector<std::string> args = {}) {
    return Request(Handle::kCallAttr, BoxTuple({Ref(object), BoxValue(name), BoxTuple(args),
                                                BoxValue(Value::Tuple({}))}));
  }
  Script& OfObject(Handle handle, char object, std::vector<std::string> more = {}) {
    more.insert(more.begin(), Ref(object));
    return Request(handle, BoxTuple(more));
  }
  std::string Take() { return std::move(bytes_); }

 private:
  const Dialect dialect_;
  std::string bytes_;
  int next_seq_ = 0;
};

void AddConversations(Dialect dialect, uint8_t flags, std::vector<std::string>* seeds) {
  const auto root = [&] { return std::move(Script(dialect, flags).Root()); };
  seeds->push_back(root().CallAttr(0, "make").OfObject(Handle::kInspect, 1).Take());
  // This asks an object everything that can be asked of it.
  Script all = root();
  all.CallAttr(0, "make");
  for (const char* name : {"child", "number", "label", "__len__", "__call__", "none", "_private"}) {
    all.GetAttr(1, name);
  }
  for (Handle handle : {Handle::kRepr, Handle::kStr, Handle::kHash, Handle::kDir, Handle::kDel}) {
    all.OfObject(handle, 1);
  }
  all.Request(Handle::kInspect, absl::StrCat("\x11\x51\x10\xfd", std::string(1, '\0')));
  all.OfObject(Handle::kCmp, 0, {Ref(0), BoxValue("__eq__")});
  all.OfObject(Handle::kCmp, 0, {BoxValue(1), BoxValue("__lt__")});
  all.OfObject(Handle::kSetAttr, 0, {BoxValue("number"), BoxValue(5)});
  all.OfObject(Handle::kDelAttr, 0, {BoxValue("number")});
  all.OfObject(Handle::kPickle, 0, {BoxValue(2)});
  all.OfObject(Handle::kCtxExit, 0, {BoxValue(None())});
  all.OfObject(Handle::kBuffIter, 0, {BoxValue(100)});
  all.OfObject(Handle::kOldSlicing, 0,
               {BoxValue("__getitem__"), BoxValue("__getslice__"), BoxValue(0), BoxValue(None()),
                BoxValue(Value::Tuple({}))});
  all.OfObject(Handle::kInstanceCheck, 0, {BoxValue(Value::Tuple({"x", 1, 2}))});
  all.OfObject(Handle::kCall, 1, {BoxValue(Value::Tuple({1, 2})), BoxValue(Value::Tuple({}))});
  seeds->push_back(all.Take());
  // This calls every method of the root with values, with objects of ours and with objects of the
  // peer's.
  for (const char* name : FuzzService::MethodNames()) {
    seeds->push_back(root().CallAttr(0, name).CallAttr(0, name, {BoxValue(3)}).Take());
    seeds->push_back(root()
                         .CallAttr(0, "make")
                         .CallAttr(0, name, {Ref(1)})
                         .CallAttr(0, name, {Mine("builtins.list", 7)})
                         .Message(MessageType::kReply, 0, BoxValue(Value::Tuple({1, 2})))
                         .OfObject(Handle::kBuffIter, 2, {BoxValue(10)})
                         .Take());
  }
  // These use Python's containers, iterators and classes.
  Script list = root();
  list.CallAttr(0, "list").CallAttr(1, "__iadd__", {BoxValue(Value::Tuple({1, "x", 2.5}))});
  list.CallAttr(1, "__getitem__", {BoxValue(Value::Slice(None(), None(), -1))});
  list.CallAttr(1, "__setitem__", {BoxValue(Value::Slice(0, 2, None())), Ref(1)});
  list.CallAttr(1, "__mul__", {BoxValue(3)}).CallAttr(1, "append", {Ref(1)}).CallAttr(1, "sort");
  list.CallAttr(1, "__contains__", {BoxValue(1)}).CallAttr(1, "pop").CallAttr(1, "__iter__");
  list.OfObject(Handle::kRepr, 1).OfObject(Handle::kBuffIter, 2, {BoxValue(10)});
  list.OfObject(Handle::kCmp, 1, {Ref(2), BoxValue("__lt__")});
  seeds->push_back(list.Take());
  Script dict = root();
  dict.CallAttr(0, "dict").CallAttr(1, "__setitem__", {BoxValue("k"), Ref(1)});
  dict.CallAttr(1, "__getitem__", {BoxValue("k")}).CallAttr(1, "get", {BoxValue(5)});
  dict.CallAttr(1, "items").CallAttr(1, "update", {BoxTuple({BoxTuple({BoxValue(1), Ref(0)})})});
  dict.CallAttr(1, "__iter__")
      .CallAttr(1, "__delitem__", {BoxValue("k")})
      .OfObject(Handle::kRepr, 1);
  seeds->push_back(dict.Take());
  Script leaf = root();
  leaf.CallAttr(0, "Leaf", {BoxValue(7)}).GetAttr(0, "Leaf").CallAttr(0, "leaf", {BoxValue(3)});
  leaf.OfObject(Handle::kSetAttr, 1, {BoxValue("size"), BoxValue(5)}).CallAttr(1, "__iter__");
  leaf.CallAttr(1, "__add__", {Ref(3)})
      .OfObject(Handle::kCmp, 1, {BoxValue(5), BoxValue("__eq__")});
  leaf.OfObject(Handle::kHash, 1)
      .OfObject(Handle::kStr, 1)
      .OfObject(Handle::kBuffIter, 4, {BoxValue(9)});
  leaf.CallAttr(0, "without_end").OfObject(Handle::kBuffIter, 5, {BoxValue(1'000'000'000)});
  leaf.CallAttr(0, "limited", {Ref(1)}).GetAttr(6, "number").GetAttr(6, "child");
  seeds->push_back(leaf.Take());
  // These objects are given and given back, in a tuple of both kinds, and the same one twice.
  seeds->push_back(
      root()
          .CallAttr(0, "take", {BoxTuple({Mine("cpp.X", 1), Mine("cpp.X", 2), Ref(0)})})
          .CallAttr(0, "taken")
          .CallAttr(0, "take", {BoxValue(None())})
          .Message(MessageType::kReply, 0, BoxValue(None()))
          .Message(MessageType::kException, 1, Encoded(1))
          .Take());
  seeds->push_back(
      root().CallAttr(0, "many", {BoxValue(60)}).CallAttr(0, "many", {BoxValue(5)}).Take());
  seeds->push_back(
      root().OfObject(Handle::kDel, 0, {BoxValue(1)}).GetAttr(0, "echo").Root().Take());
  seeds->push_back(root().Request(Handle::kClose, BoxValue(Value::Tuple({}))).Root().Take());
  seeds->push_back(root().Request(Handle::kPing, BoxTuple({Mine("evil.Class", 9)})).Take());
}

}  // namespace

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const auto& [column, dialect] :
       {std::pair("v4_1_to_v5_3", Dialect::kV5), std::pair("v6", Dialect::kV6)}) {
    AddConversations(dialect, 0, &seeds);
    AddConversations(dialect, kAllAttributes | kSmallReads, &seeds);
    std::string stream(1, kRaw);
    for (const GoldenVector& vector : ReadGoldenVectors("frame_vectors.json")) {
      const std::string frame = absl::HexStringToBytes(vector.at(column));
      stream += frame;
      if (frame[4] == 0) seeds.push_back('\0' + frame.substr(5, frame.size() - 6));
    }
    seeds.push_back(stream);
  }
  return seeds;
}

}  // namespace rpyc::fuzz

// Lists and dicts that hold each other are never freed.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:rpyc::List\nleak:rpyc::Dict\n";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rpyc::fuzz;
  [[maybe_unused]] static const bool is_warmed_up = (Converse(""), true);  // what is made once
  const rpyc::AllocationMeter meter;
  const int before = FuzzService::live_objects();
  const bool all_die = Converse(Text(data, size));
  Check(!all_die || FuzzService::live_objects() == before, "an object outlives its connection");
  Check(meter.peak_bytes() < kMaxPeakBytes, "one connection's memory");
  return 0;
}
