#ifndef RPYC_TESTING_PEER_H_
#define RPYC_TESTING_PEER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rpyc/dialect.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/value.h"

namespace rpyc {

// A message as a test sees it.
struct PeerMessage {
  MessageType type;
  Value seq;
  Value args;  // of a reply: the boxed result; of an exception: vinegar's tuple
};

// The other side of a connection, which turns messages to bytes and back. It does not use
// Connection.
class Peer {
 public:
  explicit Peer(Dialect dialect) : dialect_(dialect) {}

  // One frame with a request; `args` is the boxed argument tuple.
  std::string Request(Value seq, Handle handle, Value args) const {
    return Request(std::move(seq), static_cast<int>(handle), std::move(args));
  }
  std::string Request(Value seq, int handle, Value args) const;
  std::string Message(MessageType type, Value seq, Value args) const;
  // Puts a frame around any payload.
  static std::string Frame(absl::string_view payload);

  // All messages in `bytes`, which must be whole frames of this dialect.
  std::vector<PeerMessage> Parse(absl::string_view bytes) const;

 private:
  const Dialect dialect_;
};

// These box a value, an object that the receiver owns, one that the sender owns, and a tuple of
// boxed values.
Value BoxedValue(Value value);
Value BoxedLocal(Value id_pack);
Value BoxedRemote(Value id_pack);
Value BoxedTuple(std::vector<Value> boxed);
Value MakeTuple(std::vector<Value> items);

}  // namespace rpyc

#endif  // RPYC_TESTING_PEER_H_
