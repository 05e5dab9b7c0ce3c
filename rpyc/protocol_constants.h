#ifndef RPYC_PROTOCOL_CONSTANTS_H_
#define RPYC_PROTOCOL_CONSTANTS_H_

#include <cstdint>

#include "rpyc/cpp20.h"

// Numbers of the RPyC protocol, each with its Python name.
// Source:  RPyC core/consts.py, 5.3.1 and 6.0.2 (identical from 4.1 on).
namespace rpyc {

enum class MessageType : uint8_t {
  kRequest = 1,    // MSG_REQUEST
  kReply = 2,      // MSG_REPLY
  kException = 3,  // MSG_EXCEPTION
};

// How a boxed value is labelled. "Local" and "remote" are the sender's view.
enum class Label : uint8_t {
  kValue = 1,      // LABEL_VALUE: a by-value value
  kTuple = 2,      // LABEL_TUPLE: a tuple of boxed items
  kLocalRef = 3,   // LABEL_LOCAL_REF: id_pack of an object the receiver owns
  kRemoteRef = 4,  // LABEL_REMOTE_REF: id_pack of an object the sender owns
};

enum class Handle : uint8_t {
  kPing = 1,            // HANDLE_PING
  kClose = 2,           // HANDLE_CLOSE
  kGetRoot = 3,         // HANDLE_GETROOT
  kGetAttr = 4,         // HANDLE_GETATTR
  kDelAttr = 5,         // HANDLE_DELATTR
  kSetAttr = 6,         // HANDLE_SETATTR
  kCall = 7,            // HANDLE_CALL
  kCallAttr = 8,        // HANDLE_CALLATTR
  kRepr = 9,            // HANDLE_REPR
  kStr = 10,            // HANDLE_STR
  kCmp = 11,            // HANDLE_CMP
  kHash = 12,           // HANDLE_HASH
  kDir = 13,            // HANDLE_DIR
  kPickle = 14,         // HANDLE_PICKLE
  kDel = 15,            // HANDLE_DEL
  kInspect = 16,        // HANDLE_INSPECT
  kBuffIter = 17,       // HANDLE_BUFFITER
  kOldSlicing = 18,     // HANDLE_OLDSLICING
  kCtxExit = 19,        // HANDLE_CTXEXIT
  kInstanceCheck = 20,  // HANDLE_INSTANCECHECK
};

// EXC_STOP_ITERATION: the whole args of an exception message that says StopIteration.
inline constexpr int64_t kExcStopIteration = 1;

}  // namespace rpyc

#endif  // RPYC_PROTOCOL_CONSTANTS_H_
