#include "examples/compute.h"

#include <vector>

#include "examples/number.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace examples {
namespace {

rpyc::Value Sum(const rpyc::CallContext& context, const std::vector<rpyc::Value>& data) {
  rpyc::Value sum = 0;
  for (const rpyc::Value& number : data) sum = Add(context, sum, number);
  return sum;
}

}  // namespace

rpyc::Service Compute() {
  return rpyc::Service("COMPUTE")
      .Doc("The service of RPyC's example of a server with many threads.")
      .Expose("heavy_computation", &Sum, rpyc::Arg("data"),
              "Returns the sum of the numbers in data, as Python's sum().");
}

}  // namespace examples
