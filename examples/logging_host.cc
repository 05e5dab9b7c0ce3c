// This is a host whose table of server kinds has one row more, the program's own. Try
// logging_host --server=logging:MY@127.0.0.1:12345, and logging_client.py.

#include <utility>
#include <vector>

#include "examples/logging_kind.h"
#include "examples/my_service.h"
#include "server/host_main.h"

int main(int argc, char** argv) {
  const rpyc::ServerKindTable builtin = rpyc::BuiltinServerKinds();
  std::vector<rpyc::ServerKindInfo> rows = builtin.rows();
  rows.push_back(examples::LoggingKind(*builtin.Find("threaded")));
  return rpyc::HostMain(argc, argv, {examples::MyService()},
                        rpyc::ServerKindTable(std::move(rows)));
}
