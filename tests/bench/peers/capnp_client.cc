// capnp_client asks a Cap'n Proto server one question many times. Its flags and figures are those
// of load.

#include <capnp/message.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/echo_data.h"
#include "tests/bench/load_options.h"
#include "tests/bench/loopback.h"
#include "tests/bench/measurement.h"
#include "tests/bench/peers/adder.capnp.h"
#include "tests/bench/peers/peer.h"

namespace rpyc::bench {
namespace {

class CapnpPeer final : public Peer {
 public:
  explicit CapnpPeer(const LoadOptions& options)
      : io_(kj::setupAsyncIo()),
        address_(io_.provider->getNetwork()
                     .parseAddress("127.0.0.1", static_cast<kj::uint>(options.port))
                     .wait(io_.waitScope)),
        echo_(options.operation == "echo"),
        data_(echo_ ? EchoData(options.echo_bytes, /*text=*/false) : "") {}

  ~CapnpPeer() noexcept override {}  // the destructors of KJ's members may throw

  void Connect() override {
    connections_.push_back(std::make_unique<Connection>(address_->connect().wait(io_.waitScope)));
  }

  bool Call(size_t connection) override { return Ask(connection).wait(io_.waitScope); }

  // Makes one call on each connection, by KJ's event loop.
  uint64_t CallAtOnce(Measurement* measurement) override {
    auto loops = kj::heapArrayBuilder<kj::Promise<void>>(connections_.size());
    for (size_t i = 0; i < connections_.size(); ++i) loops.add(CallWhile(i, measurement));
    kj::joinPromises(loops.finish()).wait(io_.waitScope);
    return errors_;
  }

 private:
  struct Connection {
    explicit Connection(kj::Own<kj::AsyncIoStream> connected)
        : stream(kj::mv(connected)),
          client(*stream),
          adder(client.bootstrap().castAs<::bench::Adder>()) {}

    kj::Own<kj::AsyncIoStream> stream;
    capnp::TwoPartyClient client;
    ::bench::Adder::Client adder;
  };

  // Asks, and returns whether the answer is right.
  kj::Promise<bool> Ask(size_t connection) {
    ::bench::Adder::Client& adder = connections_[connection]->adder;
    if (echo_) {
      auto request =
          adder.echoRequest(capnp::MessageSize{data_.size() / sizeof(capnp::word) + 8, 0});
      request.setData(kj::arrayPtr(reinterpret_cast<const kj::byte*>(data_.data()), data_.size()));
      return request.send().then(
          [this](auto reply) { return reply.getData().size() == data_.size(); });
    }
    auto request = adder.addRequest(capnp::MessageSize{8, 0});
    request.setA(1);
    request.setB(2);
    return request.send().then([](auto reply) { return reply.getSum() == 3; });
  }

  kj::Promise<void> CallWhile(size_t connection, Measurement* measurement) {
    if (!measurement->GoesOn()) return kj::READY_NOW;
    return Ask(connection)
        .then([this, connection, measurement, began = NowNanoseconds()](bool right) {
          if (!right) ++errors_;
          measurement->Add(began);
          return CallWhile(connection, measurement);
        });
  }

  kj::AsyncIoContext io_;
  kj::Own<kj::NetworkAddress> address_;
  const bool echo_;
  const std::string data_;
  std::vector<std::unique_ptr<Connection>> connections_;
  uint64_t errors_ = 0;
};

int Main(int argc, char** argv) {
  LoadOptions options;
  CLI::App app("Asks a Cap'n Proto server one question many times.");
  DeclareMeasurement(app, &options);
  DeclareWork(app, {"add", "echo"}, &options);
  CLI11_PARSE(app, argc, argv);
  RaiseDescriptorLimit();
  CapnpPeer peer(options);
  return Report("capnp_client", Measure(peer, options));
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
