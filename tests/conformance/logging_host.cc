// The suite's host with a kind that this project does not have, in a table of its own.

#include "examples/logging_kind.h"
#include "server/host_main.h"
#include "tests/conformance/services.h"

int main(int argc, char** argv) {
  const rpyc::ServerKindTable builtin = rpyc::BuiltinServerKinds();
  return rpyc::HostMain(argc, argv, conformance::Services(),
                        rpyc::ServerKindTable({examples::LoggingKind(builtin.rows().front())}));
}
