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

// These functions return what an object that came by reference is as a plain value: an int, a
// float, a str. RPyC sends by value only what is exactly of such a class. So numpy's scalars,
// members of enums, subclasses of int, float and str, Decimal and Fraction come as objects, and are
// asked as Python asks them.
//
// A question is at least one round trip to the object's owner, unless the name of the object's
// class already tells that the answer is no.
// Errors:  always a PyStatus: TypeError, "expected int, got Account" - the object is no such thing;
//          what the object raises; TimeoutError, EOFError.
// Threads: they may run user code and wait for a peer; hold no lock.
namespace rpyc::cast_internal {

// Asks by __index__; returns an int, a bool or a BigInt.
absl::StatusOr<Value> AskInt(const CallContext& context, const Value& object);
// Asks by __float__, then by __index__. It refuses a complex number of numpy, which would lose
// half.
absl::StatusOr<Value> AskFloat(const CallContext& context, const Value& object);
// Returns a complex or a float.
absl::StatusOr<Value> AskComplex(const CallContext& context, const Value& object);
// Asks by __bool__, but only numpy's bool: every other object would have an answer.
absl::StatusOr<Value> AskBool(const CallContext& context, const Value& object);
// Returns the text that a subclass of str holds, whatever its __str__ shows.
absl::StatusOr<Value> AskText(const CallContext& context, const Value& object);
// Asks a subclass of bytes, a bytearray, a memoryview or an array of numpy: by tobytes where the
// peer's settings allow it, else by what they do allow.
absl::StatusOr<Value> AskBytes(const CallContext& context, const Value& object);

// Returns the plain value that a peer's object holds without loss, whatever is wanted: a str,
// bytes, bool, int, float or complex. It returns nothing if the object holds no such value. The
// first object of a class costs one more round trip.
absl::StatusOr<std::optional<Value>> AskPlainValue(const CallContext& context, const Value& object);

// Returns whether asking may succeed. It decides by the peer's class, and the first object of a
// class costs a round trip; for a value that is no peer's object it returns true. With `items_too`
// the object would also do as a sequence; if it is one, it counts as nothing else.
absl::StatusOr<bool> MayAnswer(const CallContext& context, Question question, bool items_too,
                               const Value& value);

// Returns the TypeError for a `value` that is not the object or container of ours that `expected`
// names. If another connection or another process gave the peer the object, the error says what to
// do.
absl::Status WrongObject(absl::string_view expected, const Value& value);

// Asks all of the peer's objects among `items` at the same time and puts the answers in their
// places. An object that has no answer, or answers by an error, stays.
// Errors:  only errors of waiting.
absl::Status AskAhead(const CallContext& context, Question question, absl::Span<Value> items);

}  // namespace rpyc::cast_internal

#endif  // RPYC_CAST_ASK_H_
