#ifndef RPYC_TESTS_BENCH_PEERS_THRIFT_TRANSPORT_H_
#define RPYC_TESTS_BENCH_PEERS_THRIFT_TRANSPORT_H_

#include <thrift/transport/TTransport.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace rpyc::bench {

// How Thrift puts messages on a socket, alike at both ends: buffered, as they are, which is the
// faster of the two; or framed, with a length first, which costs a read more.
inline constexpr const char* kThriftTransport = "buffered";

// --transport, buffered or framed.
void DeclareThriftTransport(CLI::App& app, std::string* transport);
std::shared_ptr<apache::thrift::transport::TTransportFactory> MakeThriftTransportFactory(
    const std::string& transport);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_PEERS_THRIFT_TRANSPORT_H_
