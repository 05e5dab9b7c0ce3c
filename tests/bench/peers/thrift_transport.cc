#include "tests/bench/peers/thrift_transport.h"

#include <thrift/TConfiguration.h>
#include <thrift/transport/TBufferTransports.h>

#include <limits>
#include <vector>

namespace rpyc::bench {
namespace {

using apache::thrift::TConfiguration;
using apache::thrift::transport::TBufferedTransport;
using apache::thrift::transport::TFramedTransport;
using apache::thrift::transport::TTransport;
using apache::thrift::transport::TTransportFactory;

// Thrift 0.17 counts what a connection has received against the limit of a message, which ends it
// after 100 MiB. So the limit is the largest there is.
class Factory final : public TTransportFactory {
 public:
  explicit Factory(bool framed) : framed_(framed) {}

  std::shared_ptr<TTransport> getTransport(std::shared_ptr<TTransport> socket) override {
    constexpr int kMax = std::numeric_limits<int>::max();
    const auto unlimited = std::make_shared<TConfiguration>(kMax, kMax);
    if (framed_) return std::make_shared<TFramedTransport>(socket, unlimited);
    return std::make_shared<TBufferedTransport>(socket, unlimited);
  }

 private:
  const bool framed_;
};

}  // namespace

void DeclareThriftTransport(CLI::App& app, std::string* transport) {
  app.add_option("--transport", *transport, "Of Thrift, alike at both ends.")
      ->check(CLI::IsMember({"buffered", "framed"}))
      ->capture_default_str();
}

std::shared_ptr<TTransportFactory> MakeThriftTransportFactory(const std::string& transport) {
  return std::make_shared<Factory>(transport == "framed");
}

}  // namespace rpyc::bench
