// thrift_server serves add and echo by Apache Thrift, to compare with. It prints "listening on
// PORT" and serves until it is killed.
//
// It uses a thread for each connection, the fastest of Thrift's servers, and Thrift's binary
// protocol. Thrift sets TCP_NODELAY itself.

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TServerSocket.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "tests/bench/loopback.h"
#include "tests/bench/peers/Adder.h"
#include "tests/bench/peers/thrift_transport.h"

namespace rpyc::bench {
namespace {

class ThriftAdder final : public ::bench::AdderIf {
 public:
  int64_t add(const int64_t a, const int64_t b) override { return a + b; }
  void echo(std::string& reply, const std::string& data) override { reply = data; }
};

// Says where the server listens as soon as it does.
class Announcer final : public apache::thrift::server::TServerEventHandler {
 public:
  explicit Announcer(std::shared_ptr<apache::thrift::transport::TServerSocket> listener)
      : listener_(std::move(listener)) {}

  void preServe() override {
    std::printf("listening on %d\n", listener_->getPort());
    std::fflush(stdout);
  }

 private:
  const std::shared_ptr<apache::thrift::transport::TServerSocket> listener_;
};

int Main(int argc, char** argv) {
  std::string transport = kThriftTransport;
  CLI::App app("Adds and echoes by Thrift on 127.0.0.1.");
  DeclareThriftTransport(app, &transport);
  CLI11_PARSE(app, argc, argv);
  RaiseDescriptorLimit();

  auto listener = std::make_shared<apache::thrift::transport::TServerSocket>("127.0.0.1", 0);
  apache::thrift::server::TThreadedServer server(
      std::make_shared<::bench::AdderProcessor>(std::make_shared<ThriftAdder>()), listener,
      MakeThriftTransportFactory(transport),
      std::make_shared<apache::thrift::protocol::TBinaryProtocolFactory>());
  server.setServerEventHandler(std::make_shared<Announcer>(listener));
  server.serve();
  return 0;
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
