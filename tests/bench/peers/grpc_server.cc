// grpc_server serves add and echo by gRPC C++, to compare with. It prints "listening on PORT" and
// serves until it is killed.
//
// gRPC runs as it does when it is asked to be fast: no TLS, no limit on messages, unary calls only,
// and each API has the threads that gRPC gives it by default. It sets TCP_NODELAY itself.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/bench/loopback.h"
#include "tests/bench/peers/adder.grpc.pb.h"

namespace rpyc::bench {
namespace {

using ::bench::AddReply;
using ::bench::AddRequest;
using ::bench::Data;

// A thread of gRPC's pool runs each call.
class SyncAdder final : public ::bench::Adder::Service {
 public:
  grpc::Status Add(grpc::ServerContext*, const AddRequest* request, AddReply* reply) override {
    reply->set_sum(request->a() + request->b());
    return grpc::Status::OK;
  }
  grpc::Status Echo(grpc::ServerContext*, const Data* request, Data* reply) override {
    reply->set_data(request->data());
    return grpc::Status::OK;
  }
};

// This is gRPC's newer API: a call is a reactor, and occupies no thread while it waits.
class CallbackAdder final : public ::bench::Adder::CallbackService {
 public:
  // The generated class also has the synchronous functions.
  using ::bench::Adder::CallbackService::Add;
  using ::bench::Adder::CallbackService::Echo;

  grpc::ServerUnaryReactor* Add(grpc::CallbackServerContext* context, const AddRequest* request,
                                AddReply* reply) override {
    reply->set_sum(request->a() + request->b());
    return Done(context);
  }
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Data* request,
                                 Data* reply) override {
    reply->set_data(request->data());
    return Done(context);
  }

 private:
  static grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context) {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Main(int argc, char** argv) {
  std::string api = "sync";
  CLI::App app("Adds and echoes by gRPC on 127.0.0.1.");
  app.add_option("--api", api, "Of gRPC's server: sync or callback.")
      ->check(CLI::IsMember({"sync", "callback"}));
  CLI11_PARSE(app, argc, argv);
  RaiseDescriptorLimit();

  SyncAdder sync;
  CallbackAdder callback;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  if (api == "sync") {
    builder.RegisterService(&sync);
  } else {
    builder.RegisterService(&callback);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    std::fprintf(stderr, "grpc_server: could not start\n");
    return 1;
  }
  std::printf("listening on %d\n", port);
  std::fflush(stdout);
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
