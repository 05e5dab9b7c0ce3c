#include "tests/conformance/services.h"

#include "examples/bank.h"
#include "examples/calculator.h"
#include "examples/callback.h"
#include "examples/compute.h"
#include "examples/configured.h"
#include "examples/echo.h"
#include "examples/high_concurrency.h"
#include "examples/my_service.h"
#include "examples/secure.h"
#include "examples/test_service.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/patient.h"
#include "tests/fixture/relay.h"

namespace conformance {

std::vector<rpyc::Service> Services() {
  return {
      examples::Bank(),
      examples::Calculator(),
      examples::Callback(),
      examples::Compute(),
      examples::Configured(),
      examples::Echo(),
      examples::HighConcurrency(),
      examples::MyService(),
      examples::Secure(),
      examples::TestService(),
      fixture::Fixture(),
      fixture::Patient(),
      fixture::Relay(),
  };
}

}  // namespace conformance
