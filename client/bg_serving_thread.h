#ifndef CLIENT_BG_SERVING_THREAD_H_
#define CLIENT_BG_SERVING_THREAD_H_

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "client/client.h"

namespace rpyc {

// Serves a client's peer in the background: callbacks run on its thread, answers to AsyncResults
// come in, a peer that goes is noticed.
//
//   rpyc::BgServingThread serving(*client, [] { LOG(ERROR) << "lost the server"; });
//
// `on_lost` is called, once and on the thread, when the connection ends otherwise than by Stop or
// Client::Close. Signals are left to the program's other threads.
// Owns the thread; the Client may be closed, or destroyed, before or after.
// Source:  RPyC utils/helpers.py, BgServingThread, 5.3.1 and 6.0.2.
class BgServingThread {
 public:
  explicit BgServingThread(const Client& client, std::function<void()> on_lost = {});
  // Stops.
  ~BgServingThread();
  BgServingThread(const BgServingThread&) = delete;
  BgServingThread& operator=(const BgServingThread&) = delete;

  // Ends the thread, within a tenth of a second unless it runs a function that the peer has called,
  // and waits for that. The connection goes on. Idempotent. Not by the thread itself.
  void Stop();

 private:
  void Run(Client::SharedConnection* shared, const std::function<void()>& on_lost);

  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace rpyc

#endif  // CLIENT_BG_SERVING_THREAD_H_
