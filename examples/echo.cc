#include "examples/echo.h"

#include "examples/number.h"
#include "rpyc/value.h"

namespace examples {

rpyc::Service Echo() {
  return rpyc::Service("ECHO")
      .Doc("Gives back what it gets; for trying things out and for measuring.")
      .Expose(
          "echo", [](rpyc::Value x) { return x; }, rpyc::Arg("x"),
          "Returns x: a copy if it travels by value, else the very object.")
      .Expose("add", &Add, rpyc::Arg("a"), rpyc::Arg("b"), "Returns a + b.");
}

}  // namespace examples
