#ifndef RPYC_SERVER_HOST_MAIN_H_
#define RPYC_SERVER_HOST_MAIN_H_

#include <vector>

#include "rpyc/service.h"
#include "server/server_kind.h"
#include "server/server_kinds.h"

namespace rpyc {

// The whole of main for a host program: flags, signals, the lines on stdout. Returns the exit code.
//
//   int main(int argc, char** argv) { return rpyc::HostMain(argc, argv, {Calculator(), Bank()}); }
//
// To be called before the program has threads. Where connections have processes of their own and
// the zygote dies (start_zygote.h), the program is run anew with the same command line to make
// another: what main does before this call is done once more then.
int HostMain(int argc, char** argv, std::vector<Service> services,
             ServerKindTable kinds = BuiltinServerKinds());

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_MAIN_H_
