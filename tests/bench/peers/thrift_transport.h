#ifndef RPYC_TESTS_BENCH_PEERS_THRIFT_TRANSPORT_H_
#define RPYC_TESTS_BENCH_PEERS_THRIFT_TRANSPORT_H_

#include <thrift/transport/TTransport.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace rpyc::bench {

// Says how Thrift puts messages on a socket, alike at both ends: buffered, which sends them as they
// are and is the faster one; or framed, with a length first, which costs one more read.
inline constexpr const char* kThriftTransport = "buffered";

// Declares --transport, which is buffered or framed.
void DeclareThriftTransport(CLI::App& app, std::string* transport);
std::shared_ptr<apache::thrift::transport::TTransportFactory> MakeThriftTransportFactory(
    const std::string& transport);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_PEERS_THRIFT_TRANSPORT_H_
