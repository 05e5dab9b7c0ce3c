#ifndef RPYC_CAST_ASK_H_
#define RPYC_CAST_ASK_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/value.h"

// What an object that came by reference is as a plain value: an int, a float, a str. RPyC sends by
// value only what is exactly of such a class, so numpy's scalars, members of enums, subclasses of
// int, float and str, Decimal and Fraction come as objects, and are asked, as Python asks them.
//
// A question is at least one round trip to the object's owner, unless the name of the object's
// class tells already that the answer is no.
// Errors:  always a PyStatus: TypeError, "expected int, got Account" - the object is no such thing;
//          what the object raises; TimeoutError, EOFError.
// Threads: may run user code and wait for a peer; hold no lock.
namespace rpyc::cast_internal {

// By __index__: an int, a bool or a BigInt.
absl::StatusOr<Value> AskInt(const CallContext& context, const Value& object);
// By __float__, then by __index__. A complex number of numpy is refused, which would lose half.
absl::StatusOr<Value> AskFloat(const CallContext& context, const Value& object);
// A complex or a float.
absl::StatusOr<Value> AskComplex(const CallContext& context, const Value& object);
// By __bool__, of numpy's bool alone: every other object would have an answer.
absl::StatusOr<Value> AskBool(const CallContext& context, const Value& object);
// Of a subclass of str the text that it holds, whatever its __str__ shows.
absl::StatusOr<Value> AskText(const CallContext& context, const Value& object);
// Of a subclass of bytes, a bytearray, a memoryview and an array of numpy: by tobytes where the
// peer's settings allow it, else by what they do allow.
absl::StatusOr<Value> AskBytes(const CallContext& context, const Value& object);

// The plain value that a peer's object holds without loss, whatever is wanted: a str, bytes, bool,
// int, float or complex. None: it is an object for its own sake. The first of a class costs one
// more round trip.
absl::StatusOr<std::optional<Value>> AskPlainValue(const CallContext& context, const Value& object);

// Whether asking may succeed, by the peer's class, of which the first costs a round trip; true of
// what is no peer's object. `items_too`: the object would do as a sequence, too, and is none of the
// others then if it is one.
absl::StatusOr<bool> MayAnswer(const CallContext& context, Question question, bool items_too,
                               const Value& value);

// The TypeError for a `value` that is no object, or no container, of ours as `expected` says. Of
// one that another connection, or another process, gave the peer it says what to do.
absl::Status WrongObject(absl::string_view expected, const Value& value);

// Asks all of the peer's objects among `items` at the same time and puts the answers in their
// places. One that has none, or answers by an error, stays.
// Errors:  only such of waiting.
absl::Status AskAhead(const CallContext& context, Question question, absl::Span<Value> items);

}  // namespace rpyc::cast_internal

#endif  // RPYC_CAST_ASK_H_
