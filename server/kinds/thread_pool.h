#ifndef RPYC_SERVER_KINDS_THREAD_POOL_H_
#define RPYC_SERVER_KINDS_THREAD_POOL_H_

#include <memory>

#include "server/server_kind.h"

namespace rpyc {

// Serves all connections with a fixed number of threads, as RPyC's ThreadPoolServer does. Every
// thread waits for every connection; the thread that wakes reads, runs and answers, so that a
// request is never handed from thread to thread. Requests of one connection keep their order. While
// a thread's call waits for a client, a replacement thread works in its place.
// Source:  RPyC utils/server.py, ThreadPoolServer, 5.3.1 and 6.0.2.
std::unique_ptr<ServerKind> MakeThreadPoolKind();

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_THREAD_POOL_H_
