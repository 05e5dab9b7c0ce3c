// This is a host with every example service. tools/run starts it; README.md says what to try.

#include "examples/bank.h"
#include "examples/calculator.h"
#include "examples/callback.h"
#include "examples/chat.h"
#include "examples/compute.h"
#include "examples/configured.h"
#include "examples/echo.h"
#include "examples/high_concurrency.h"
#include "examples/my_service.h"
#include "examples/secure.h"
#include "examples/test_service.h"
#include "server/host_main.h"

int main(int argc, char** argv) {
  return rpyc::HostMain(
      argc, argv,
      {examples::Bank(), examples::Calculator(), examples::Callback(), examples::Chat(),
       examples::Compute(), examples::Configured(), examples::Echo(), examples::HighConcurrency(),
       examples::MyService(), examples::Secure(), examples::TestService()});
}
