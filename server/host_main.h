#ifndef RPYC_SERVER_HOST_MAIN_H_
#define RPYC_SERVER_HOST_MAIN_H_

#include <vector>

#include "rpyc/service.h"
#include "server/server_kind.h"
#include "server/server_kinds.h"

namespace rpyc {

// Does all of main for a host program: flags, signals, the lines on stdout. Returns the exit code.
//
//   int main(int argc, char** argv) { return rpyc::HostMain(argc, argv, {Calculator(), Bank()}); }
//
// If the zygote (start_zygote.h) dies, the host runs the program again with the same command line
// to make another. Then everything that main does before this call is done again.
// Threads: to be called before the program has any but the main thread.
int HostMain(int argc, char** argv, std::vector<Service> services,
             ServerKindTable kinds = BuiltinServerKinds());

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_MAIN_H_
