// capnp_server serves add and echo by Cap'n Proto RPC, to compare with. It prints "listening on
// PORT" and serves until it is killed.
//
// One thread and KJ's event loop serve all connections, as is usual with Cap'n Proto. KJ sets
// TCP_NODELAY itself. A reply is told its size beforehand, so that it lies in one segment, without
// a second copy.

#include <capnp/message.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/bench/loopback.h"
#include "tests/bench/peers/adder.capnp.h"

namespace rpyc::bench {
namespace {

// KJ destroys a server only as the class that it was made as, so its destructor is not virtual.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class CapnpAdder final : public ::bench::Adder::Server {
 public:
  kj::Promise<void> add(AddContext context) override {
    const auto params = context.getParams();
    context.getResults(capnp::MessageSize{8, 0}).setSum(params.getA() + params.getB());
    return kj::READY_NOW;
  }
  kj::Promise<void> echo(EchoContext context) override {
    const capnp::Data::Reader data = context.getParams().getData();
    context.getResults(capnp::MessageSize{data.size() / sizeof(capnp::word) + 8, 0}).setData(data);
    return kj::READY_NOW;
  }
};
#pragma GCC diagnostic pop

int Main(int argc, char** argv) {
  CLI::App app("Adds and echoes by Cap'n Proto RPC on 127.0.0.1.");
  CLI11_PARSE(app, argc, argv);
  RaiseDescriptorLimit();

  kj::AsyncIoContext io = kj::setupAsyncIo();
  capnp::TwoPartyServer server(kj::heap<CapnpAdder>());
  kj::Own<kj::NetworkAddress> address =
      io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope);
  kj::Own<kj::ConnectionReceiver> listener = address->listen();
  std::printf("listening on %u\n", listener->getPort());
  std::fflush(stdout);
  server.listen(*listener).wait(io.waitScope);
  return 0;
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
