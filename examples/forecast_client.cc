// This C++ program uses a Python service, forecast_server.py:
//
//   python3 examples/forecast_server.py 18870 &
//   bazel run //examples:forecast_client -- 18870
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "client/client.h"
#include "client/stub.h"
#include "rpyc/errors.h"

namespace {

// Declares what this program knows of the Python objects.
struct Line : rpyc::Stub {
  using Stub::Stub;
  rpyc::Attribute<double> slope{this, "slope"};
  rpyc::Method<double(double)> predict{this, "predict"};
  rpyc::Method<rpyc::Netref()> residuals{this, "residuals"};
};

int Use(const rpyc::Client& client) {
  const std::vector<std::pair<double, double>> samples = {{0, 1}, {1, 3.5}, {2, 4.5}, {3, 7}};

  // Python calls the lambda while this thread waits for `fit`.
  const auto progress = [](int done, int of) { std::cout << done << " of " << of << "\n"; };
  const Line line(client.root()["fit"](samples, rpyc::Arg("progress") = progress));
  std::cout << line.netref().Str() << "\n";
  std::cout << "slope " << line.slope << ", at 10: " << line.predict(10) << "\n";
  for (const rpyc::Netref& residual : line.residuals().Items()) {
    std::cout << "off by " << residual.as<double>() << "\n";
  }

  // These two calls run at the same time.
  const rpyc::AsyncResult near = line.predict.Async(4), far = line.predict.Async(1000);
  std::cout << "near " << near.as<double>() << ", far " << far.as<double>() << "\n";

  // What Python raises is a Status, or as<T>() throws it.
  const rpyc::Netref failed = client.root()["fit"](std::vector<std::pair<double, double>>());
  std::cout << failed.status().message() << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: forecast_client PORT\n";
    return 2;
  }
  const absl::StatusOr<rpyc::Client> client = rpyc::Connect("127.0.0.1", std::atoi(argv[1]));
  if (!client.ok()) {
    std::cerr << client.status().message() << "\n";
    return 1;
  }
  try {
    return Use(*client);
  } catch (const rpyc::PyError& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
