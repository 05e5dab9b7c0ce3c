#ifndef RPYC_OBJECT_ID_ORIGIN_H_
#define RPYC_OBJECT_ID_ORIGIN_H_

#include <cstdint>

namespace rpyc {

// Returns what this process adds to the ids of its objects and classes when it names them to peers:
// a random even number of 48 bits, which is another one in each process, also in a forked one.
// A client may hold objects of several hosts, or of several processes of one host, and hand them to
// a third by these names alone: equal ids of two hosts would be taken for one object. It is not a
// secret.
// Threads: any.
int64_t ObjectIdOrigin();

}  // namespace rpyc

#endif  // RPYC_OBJECT_ID_ORIGIN_H_
