#include "rpyc/bind/definition.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"

namespace rpyc {
namespace {

// One thread may lock it several times, since a class is made while its derived class is made. User
// code runs under it; without this lock it would run under the guard of a static variable.
struct Steps {
  std::recursive_mutex lock;
  // The lock protects what follows.
  int definitions = 0;
  std::deque<std::function<void()>> waiting;
};

Steps& AllSteps() {
  static Steps& steps = *new Steps;
  return steps;
}

}  // namespace

void EndByMistake(absl::string_view exposed, absl::string_view mistake) {
  const std::string text = absl::StrCat("rpyc: cannot expose ", exposed, ": ", mistake, "\n");
  std::fputs(text.c_str(), stderr);
  std::abort();
}

Definition::Definition() {
  AllSteps().lock.lock();
  ++AllSteps().definitions;
}

Definition::~Definition() {
  RPYC_ASSERT(AllSteps().definitions > 0);
  std::deque<std::function<void()>> dropped;
  // Steps still wait here only if user code threw.
  if (--AllSteps().definitions == 0) dropped.swap(AllSteps().waiting);
  AllSteps().lock.unlock();
}

void Definition::Complete() {
  if (AllSteps().definitions > 1) return;
  while (!AllSteps().waiting.empty()) {
    const std::function<void()> step = std::move(AllSteps().waiting.front());
    AllSteps().waiting.pop_front();
    step();
  }
}

void Definition::WhenComplete(std::function<void()> step) {
  {
    const std::lock_guard<std::recursive_mutex> lock(AllSteps().lock);
    if (AllSteps().definitions > 0) {
      AllSteps().waiting.push_back(std::move(step));
      return;
    }
  }
  step();
}

}  // namespace rpyc
