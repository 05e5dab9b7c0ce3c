#ifndef RPYC_BIND_DEFINITION_H_
#define RPYC_BIND_DEFINITION_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace rpyc {

// Ends the program with "rpyc: cannot expose `exposed`: `mistake`" on stderr, for a mistake of the
// author that no compiler sees. It is found when the service is made, before any client connects;
// the mistakes of a class that no exposed function names are found when its first object goes out.
[[noreturn]] void EndByMistake(absl::string_view exposed, absl::string_view mistake);

// While a Definition lives, its thread makes a class and with it the classes of its bases. What
// needs a complete class waits until the outermost Definition completes: the classes that this
// one's members name (classes may name each other), and the checks of the members' defaults.
// Threads: only one thread makes classes at a time; another thread waits for it.
class Definition {
 public:
  Definition();
  ~Definition();
  Definition(const Definition&) = delete;
  Definition& operator=(const Definition&) = delete;

  // Runs what waits, if this is the outermost Definition. Call it last.
  void Complete();

  // Runs `step` now if this thread makes no class, else when the outermost Definition completes.
  static void WhenComplete(std::function<void()> step);
};

}  // namespace rpyc

#endif  // RPYC_BIND_DEFINITION_H_
