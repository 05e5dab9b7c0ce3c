// error: rpyc: this library needs C++20: compile with -std=c++20
#include "client/client.h"
