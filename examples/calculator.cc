#include "examples/calculator.h"

#include "examples/number.h"

namespace examples {

rpyc::Service Calculator() {
  return rpyc::Service("CALCULATOR")
      .Doc("Arithmetic on Python numbers: ints of any size, floats, complex.")
      .Expose("add", &Add, rpyc::Arg("a"), rpyc::Arg("b"), "Returns a + b.")
      .Expose("multiply", &Multiply, rpyc::Arg("a"), rpyc::Arg("b"), "Returns a * b.");
}

}  // namespace examples
