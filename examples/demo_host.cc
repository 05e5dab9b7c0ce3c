// A host with every example service. tools/run starts it; see README.md for what to try.

#include "examples/calculator.h"
#include "examples/echo.h"
#include "examples/my_service.h"
#include "server/host_main.h"

int main(int argc, char** argv) {
  return rpyc::HostMain(argc, argv,
                        {examples::Calculator(), examples::Echo(), examples::MyService()});
}
