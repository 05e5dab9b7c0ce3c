#ifndef CLIENT_SHARED_CONNECTION_H_
#define CLIENT_SHARED_CONNECTION_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "client/client.h"
#include "rpyc/call_context.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "rpyc/service.h"
#include "rpyc/value.h"

namespace rpyc {

// The connection of a Client, which requests that run and a BgServingThread share with it.
struct Client::SharedConnection {
  SharedConnection(std::unique_ptr<Stream> stream, std::string peer, ClientOptions given);

  const Service service;
  const Connection::Options options;
  // This is the context of its Netrefs.
  const CallContext context;
  Connection connection;
  std::atomic<bool> closing{false};  // Client::Close was called
  Mutex mutex;
  std::optional<Value> root ABSL_GUARDED_BY(mutex);
};

}  // namespace rpyc

#endif  // CLIENT_SHARED_CONNECTION_H_
