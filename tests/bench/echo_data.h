#ifndef RPYC_TESTS_BENCH_ECHO_DATA_H_
#define RPYC_TESTS_BENCH_ECHO_DATA_H_

#include <cstddef>
#include <string>

namespace rpyc::bench {

// Returns the argument of echo: random bytes, which do not compress, or text, which does. They are
// the same each time.
std::string EchoData(size_t bytes, bool text);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_ECHO_DATA_H_
