#ifndef RPYC_BIND_DEFINITION_H_
#define RPYC_BIND_DEFINITION_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace rpyc {

// Ends the program with "rpyc: cannot expose `exposed`: `mistake`" on stderr. For what an author
// got wrong and no compiler sees. It is found when the service is made, before any client comes;
// only in a class that no exposed function names, when its first object goes out.
[[noreturn]] void EndByMistake(absl::string_view exposed, absl::string_view mistake);

// While one lives, its thread makes a class, and with it the classes of its bases. What needs a
// complete class waits until the outermost one completes: the classes that the members of this one
// name, for classes may name each other, and the checks of the members' defaults.
// Threads: one at a time makes classes; another one waits for it.
class Definition {
 public:
  Definition();
  ~Definition();
  Definition(const Definition&) = delete;
  Definition& operator=(const Definition&) = delete;

  // Runs what waits, if this is the outermost one. Call it last.
  void Complete();

  // Runs `step` when this thread makes no class: now, or when the outermost Definition completes.
  static void WhenComplete(std::function<void()> step);
};

}  // namespace rpyc

#endif  // RPYC_BIND_DEFINITION_H_
