#include "examples/callback.h"

#include <functional>
#include <vector>

#include "rpyc/netref.h"
#include "rpyc/value.h"

namespace examples {
namespace {

// `items` stays with the client, and may be one of its generators.
std::vector<rpyc::Value> Map(const std::function<rpyc::Value(rpyc::Netref)>& f,
                             const rpyc::Netref& items) {
  std::vector<rpyc::Value> results;
  for (const rpyc::Netref& item : items.Items()) results.push_back(f(item));
  return results;
}

}  // namespace

rpyc::Service Callback() {
  return rpyc::Service("CALLBACK")
      .Doc("Calls what its clients pass.")
      .Expose(
          "call", [](const rpyc::Netref& f, const rpyc::Args& args) { return f(args); },
          rpyc::Arg("f"), "Returns f(*args).")
      .Expose("map", &Map, rpyc::Arg("f"), rpyc::Arg("items"),
              "Returns the tuple of f(x) for each x of items.");
}

}  // namespace examples
