// error: rpyc: this argument's type goes only from Python to C++
#include "rpyc/service.h"

rpyc::Netref Call(const rpyc::Netref& callee, const rpyc::Args& args) { return callee.Item(args); }
