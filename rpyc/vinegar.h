#ifndef RPYC_VINEGAR_H_
#define RPYC_VINEGAR_H_

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
  std::string traceback = {};  // text ending in '\n'; empty: made from the rest

  // "ValueError: bad input".
  std::string Summary() const;
  // `traceback`, or what stands for it.
  std::string TracebackText() const;
};

}  // namespace rpyc

namespace rpyc::vinegar {

// What of an exception a peer may see. Source: RPyC's include_local_traceback / _version.
struct DumpOptions {
  bool include_traceback = true;
  absl::string_view version = "<version denied>";  // becomes the attribute _remote_version
};

// The args of an EXCEPTION message: the int 1 for a plain StopIteration, else
// ((module, name), args, ((attribute, value), ...), traceback), made encodable.
// Source:  RPyC core/vinegar.py, dump, 5.3.1 and 6.0.2.
Value Dump(const RemoteException& exception, const DumpOptions& options);

// The exception a peer's EXCEPTION message stands for. What is malformed becomes a TypeError that
// says so; what only our own side may say (_remote_version) is left out.
// Source:  RPyC core/vinegar.py, load, 5.3.1 and 6.0.2.
RemoteException Load(const Value& dumped);

// The same exception with every part by value and encodable: text that is not UTF-8 is mended,
// references become their repr.
RemoteException MadeEncodable(RemoteException exception);

}  // namespace rpyc::vinegar

#endif  // RPYC_VINEGAR_H_
