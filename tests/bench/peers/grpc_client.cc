// grpc_client asks a gRPC server one question many times. It has the flags and figures of load and
// the flag --in_flight, since gRPC has many calls on one connection.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/bench/echo_data.h"
#include "tests/bench/load_options.h"
#include "tests/bench/loopback.h"
#include "tests/bench/measurement.h"
#include "tests/bench/peers/adder.grpc.pb.h"
#include "tests/bench/peers/peer.h"

namespace rpyc::bench {
namespace {

using ::bench::Adder;
using ::bench::AddReply;
using ::bench::AddRequest;
using ::bench::Data;

struct Options : LoadOptions {
  int in_flight = 1;
};

class GrpcPeer final : public Peer {
 public:
  explicit GrpcPeer(const Options& options)
      : address_(absl::StrCat("127.0.0.1:", options.port)),
        echo_(options.operation == "echo"),
        in_flight_(options.in_flight) {
    add_.set_a(1);
    add_.set_b(2);
    if (echo_) data_.set_data(EchoData(options.echo_bytes, /*text=*/false));
  }

  void Connect() override {
    grpc::ChannelArguments arguments;
    // Without this, channels to one address share a connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    stubs_.push_back(Adder::NewStub(
        grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments)));
  }

  bool Call(size_t connection) override {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    if (echo_) {
      Data reply;
      return stubs_[connection]->Echo(&context, data_, &reply).ok() &&
             reply.data().size() == data_.data().size();
    }
    AddReply reply;
    return stubs_[connection]->Add(&context, add_, &reply).ok() && reply.sum() == 3;
  }

  // Makes all calls on the first channel, by one completion queue that this thread drives. Of
  // gRPC's ways to have many calls in flight this costs the client the least.
  uint64_t CallAtOnce(Measurement* measurement) override {
    for (int i = 0; i < in_flight_; ++i) Start();
    uint64_t errors = 0;
    int running = in_flight_;
    void* tag = nullptr;
    bool ok = false;
    while (running > 0 && queue_.Next(&tag, &ok)) {
      const std::unique_ptr<Pending> call(static_cast<Pending*>(tag));
      if (!call->status.ok() || call->reply.sum() != 3) ++errors;
      measurement->Add(call->began);
      if (measurement->GoesOn()) {
        Start();
      } else {
        --running;
      }
    }
    return errors;
  }

 private:
  struct Pending {
    uint64_t began;
    grpc::ClientContext context;
    AddReply reply;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<AddReply>> reader;
  };

  // The call's tag in the queue owns it.
  void Start() {
    auto* const call = new Pending;
    call->began = NowNanoseconds();
    call->reader = stubs_[0]->AsyncAdd(&call->context, add_, &queue_);
    call->reader->Finish(&call->reply, &call->status, call);
  }

  const std::string address_;
  const bool echo_;
  const int in_flight_;
  AddRequest add_;
  Data data_;
  std::vector<std::unique_ptr<Adder::Stub>> stubs_;
  grpc::CompletionQueue queue_;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks a gRPC server one question many times.");
  DeclareMeasurement(app, &options);
  DeclareWork(app, {"add", "echo"}, &options);
  app.add_option("--in_flight", options.in_flight, "Calls of add at once, on one channel.")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  RaiseDescriptorLimit();
  GrpcPeer peer(options);
  return Report("grpc_client", Measure(peer, options));
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
