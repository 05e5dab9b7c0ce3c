#ifndef RPYC_SERVER_SERVER_KINDS_H_
#define RPYC_SERVER_SERVER_KINDS_H_

#include "server/server_kind.h"

namespace rpyc {

// Returns the kinds of this project.
ServerKindTable BuiltinServerKinds();

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_KINDS_H_
