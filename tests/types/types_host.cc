// This is a host with the service TYPES: types_interop_test.py calls it with real clients.

#include "server/host_main.h"
#include "tests/types/types_service.h"

int main(int argc, char** argv) {
  return rpyc::HostMain(argc, argv, {rpyc::testing::TypesService()});
}
