#ifndef RPYC_VINEGAR_H_
#define RPYC_VINEGAR_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "rpyc/value.h"

namespace rpyc {

// A Python exception as data: what an EXCEPTION message carries.
struct RemoteException {
  std::string module = "builtins";
  std::string name;              // class name: "ValueError"
  std::vector<Value> args = {};  // the exception's; what is not by value travels as its repr
  std::vector<std::pair<std::string, Value>> attributes = {};
  std::string traceback = {};  // our side's, ending in '\n'; if empty it is made from the rest
  // The peer's traceback, if a peer raised it; those of further hops are nested in it.
  std::optional<std::string> remote_traceback = {};

  // Whether it is builtins.`builtin_name` itself, or `class_module`.`class_name`.
  bool Is(absl::string_view builtin_name) const { return Is("builtins", builtin_name); }
  bool Is(absl::string_view class_module, absl::string_view class_name) const {
    return module == class_module && name == class_name;
  }
  // Returns what Python's str() returns of the exception: "bad input", "'none'" of a KeyError.
  // Source:  CPython Objects/exceptions.c, BaseException_str, KeyError_str and OSError_str, 3.8 to
  //          3.13.
  std::string Text() const;
  // The last line of Python's traceback: "ValueError: bad input", "KeyError: 'none'".
  // Source:  CPython Lib/traceback.py, TracebackException.format_exception_only, 3.8 to 3.13.
  std::string Summary() const;
  // `traceback`, or what stands for it, with the peer's below it, numbered as RPyC does:
  // "========= Remote Traceback (1) =========".
  // Source:  RPyC core/vinegar.py, _get_exception_class, 5.3.1 and 6.0.2.
  std::string TracebackText() const;
};

}  // namespace rpyc

namespace rpyc::vinegar {

// This stands for a version that is not told.
inline constexpr char kVersionDenied[] = "<version denied>";

// Says what of an exception a peer may see.
// Source:  RPyC's include_local_traceback and include_local_version.
struct DumpOptions {
  bool include_traceback = true;
  absl::string_view version = kVersionDenied;  // becomes the attribute _remote_version
};

// Returns the args of an EXCEPTION message: the int 1 for a plain StopIteration, else
// ((module, name), args, ((attribute, value), ...), traceback), made encodable.
// Source:  RPyC core/vinegar.py, dump, 5.3.1 and 6.0.2.
Value Dump(const RemoteException& exception, const DumpOptions& options);

// Returns the exception that a peer's EXCEPTION message stands for. A class that the peer had from
// us, or from another peer, and did not know has its own name again. What is malformed becomes a
// TypeError that says so. Attributes that the next peer's own exceptions have (names with "_",
// args, add_note, with_traceback) are left out: set there, they would replace the real ones.
// Source:  RPyC core/vinegar.py, load, 5.3.1 and 6.0.2.
RemoteException Load(const Value& dumped);

// Returns the same exception with every part by value and encodable: text that is not UTF-8 is
// mended, and references become their repr.
RemoteException MadeEncodable(RemoteException exception);

}  // namespace rpyc::vinegar

#endif  // RPYC_VINEGAR_H_
