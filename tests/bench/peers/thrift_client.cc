// thrift_client asks a Thrift server one question many times. Its flags and figures are those of
// load.

#include <sys/epoll.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TSocket.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rpyc/transport/fd.h"
#include "tests/bench/echo_data.h"
#include "tests/bench/load_options.h"
#include "tests/bench/loopback.h"
#include "tests/bench/measurement.h"
#include "tests/bench/peers/Adder.h"
#include "tests/bench/peers/peer.h"
#include "tests/bench/peers/thrift_transport.h"

namespace rpyc::bench {
namespace {

struct Options : LoadOptions {
  std::string transport = kThriftTransport;
};

class ThriftPeer final : public Peer {
 public:
  explicit ThriftPeer(const Options& options)
      : port_(options.port),
        transports_(MakeThriftTransportFactory(options.transport)),
        echo_(options.operation == "echo"),
        data_(echo_ ? EchoData(options.echo_bytes, /*text=*/false) : "") {}

  void Connect() override {
    auto socket = std::make_shared<apache::thrift::transport::TSocket>("127.0.0.1", port_);
    socket->open();
    auto client = std::make_unique<::bench::AdderClient>(
        std::make_shared<apache::thrift::protocol::TBinaryProtocol>(
            transports_->getTransport(socket)));
    connections_.push_back({socket->getSocketFD(), std::move(client)});
  }

  bool Call(size_t connection) override {
    ::bench::AdderClient& client = *connections_[connection].client;
    if (!echo_) return client.add(1, 2) == 3;
    std::string reply;
    client.echo(reply, data_);
    return reply.size() == data_.size();
  }

  // Makes one call on each connection. Thrift's clients block, so each is asked for its reply only
  // when the reply is there. That avoids a thread for each, which would take the client half its
  // time.
  uint64_t CallAtOnce(Measurement* measurement) override {
    const Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    for (Connection& connection : connections_) {
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.ptr = &connection;
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, connection.fd, &event);
      Send(connection);
    }
    uint64_t errors = 0;
    std::array<epoll_event, 256> events;
    while (measurement->GoesOn()) {
      const int count = ::epoll_wait(epoll.get(), events.data(), events.size(), 200);
      for (int i = 0; i < count; ++i) {
        auto& connection = *static_cast<Connection*>(events[i].data.ptr);
        if (connection.client->recv_add() != 3) ++errors;
        measurement->Add(connection.began);
        Send(connection);
      }
    }
    return errors;
  }

 private:
  struct Connection {
    int fd;  // the client's descriptor
    std::unique_ptr<::bench::AdderClient> client;
    uint64_t began = 0;
  };

  static void Send(Connection& connection) {
    connection.began = NowNanoseconds();
    connection.client->send_add(1, 2);
  }

  const int port_;
  const std::shared_ptr<apache::thrift::transport::TTransportFactory> transports_;
  const bool echo_;
  const std::string data_;
  std::vector<Connection> connections_;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks a Thrift server one question many times.");
  DeclareMeasurement(app, &options);
  DeclareWork(app, {"add", "echo"}, &options);
  DeclareThriftTransport(app, &options.transport);
  CLI11_PARSE(app, argc, argv);
  RaiseDescriptorLimit();
  ThriftPeer peer(options);
  return Report("thrift_client", Measure(peer, options));
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
