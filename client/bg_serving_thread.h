#ifndef CLIENT_BG_SERVING_THREAD_H_
#define CLIENT_BG_SERVING_THREAD_H_

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "client/client.h"

namespace rpyc {

// Serves a client's peer on a thread of its own: it runs callbacks, receives the answers of
// AsyncResults, and notices when the peer has gone.
//
//   rpyc::BgServingThread serving(*client, [] { LOG(ERROR) << "lost the server"; });
//
// The thread calls `on_lost`, once, when the connection ends and neither Stop nor Client::Close was
// called. The thread blocks every signal.
// Owns:    the thread. The Client may be closed or destroyed before or after this object.
// Source:  RPyC utils/helpers.py, BgServingThread, 5.3.1 and 6.0.2.
class BgServingThread {
 public:
  explicit BgServingThread(const Client& client, std::function<void()> on_lost = {});
  // Calls Stop.
  ~BgServingThread();
  BgServingThread(const BgServingThread&) = delete;
  BgServingThread& operator=(const BgServingThread&) = delete;

  // Ends the thread and waits for its end, which takes up to a tenth of a second, or longer while
  // the thread runs a function that the peer has called. The connection stays open. Idempotent.
  // Threads: any but the thread itself.
  void Stop();

 private:
  void Run(Client::SharedConnection* shared, const std::function<void()>& on_lost);

  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace rpyc

#endif  // CLIENT_BG_SERVING_THREAD_H_
