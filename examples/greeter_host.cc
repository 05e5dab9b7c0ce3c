// This is the README's first service, a whole host.

#include "server/host_main.h"

int main(int argc, char** argv) {
  return rpyc::HostMain(
      argc, argv,
      {rpyc::Service("GREETER").Expose(
          "greet", [](std::string name) { return "Hello, " + name; }, rpyc::Arg("name"))});
}
