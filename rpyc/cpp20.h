#ifndef RPYC_CPP20_H_
#define RPYC_CPP20_H_

// Included by every header that includes no other of this project, so that whichever header a
// program includes first says what is wrong. The second include does not exist: at a missing file
// compilers stop, which spares the reader hundreds of other errors.
#if __cplusplus < 202002L
#error "rpyc: this library needs C++20: compile with -std=c++20"
#include <rpyc: compile with -std=c++20>
#endif

#endif  // RPYC_CPP20_H_
