#!/usr/bin/env python3
"""A Python service that a C++ program uses: fits straight lines. forecast_client.cc is the program.

    python3 forecast_server.py [PORT]        # pip install rpyc; prints the port that it listens on
"""

import sys

import rpyc
from rpyc.utils.server import ThreadedServer


class Line:
    """y = slope * x + intercept; clients hold it by reference."""

    def __init__(self, samples, slope, intercept):
        self.samples, self.exposed_slope, self.exposed_intercept = samples, slope, intercept

    def exposed_predict(self, x):
        return self.exposed_slope * x + self.exposed_intercept

    def exposed_residuals(self):
        """Yields how far each sample is off."""
        for x, y in self.samples:
            yield round(y - self.exposed_predict(x), 6)

    def __str__(self):
        return f"y = {self.exposed_slope:g} * x + {self.exposed_intercept:g}"


class ForecastService(rpyc.Service):
    def exposed_fit(self, samples, progress=None):
        """Fits by least squares and calls `progress`, a function of the client's, after each sample."""
        if len(samples) < 2:
            raise ValueError(f"a line needs two samples, not {len(samples)}")
        sum_x = sum_y = sum_xx = sum_xy = 0
        for done, (x, y) in enumerate(samples, 1):
            sum_x, sum_y, sum_xx, sum_xy = sum_x + x, sum_y + y, sum_xx + x * x, sum_xy + x * y
            if progress:
                progress(done, len(samples))
        n = len(samples)
        slope = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x)
        return Line(samples, slope, (sum_y - slope * sum_x) / n)


if __name__ == "__main__":
    server = ThreadedServer(ForecastService, hostname="127.0.0.1", port=int(sys.argv[1]) if sys.argv[1:] else 0)
    server.listener.listen()
    print(server.port, flush=True)
    server.start()
