#ifndef RPYC_VERSION_H_
#define RPYC_VERSION_H_

#include "rpyc/cpp20.h"

namespace rpyc {

// This project's version.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace rpyc

#endif  // RPYC_VERSION_H_
