"""conformance_suite: the suite with one host, as a test for each part and transport."""

load("//tests/interop:host_test.bzl", "host_test")

_TRANSPORTS = [
    "tcp",
    "unix",
    "tls",
]

# The parts of the suite, and the transports that each tests.
_PARTS = {
    "cpp_client": _TRANSPORTS,
    "life": _TRANSPORTS,
    "peers": _TRANSPORTS,
    "scenarios": _TRANSPORTS,
    "tls": ["tls"],
}

def conformance_suite(name, host, parts = _PARTS):
    """Runs the suite over every kind in the table of `host`.

    Args:
      name: of the test_suite; its tests are NAME_PART_TRANSPORT.
      host: a program that is HostMain with the services of //tests/conformance:services, and a table of any kinds.
      parts: the transports to run each part over, by the part's name; all of them unless it says otherwise.
    """
    tests = []
    for part, transports in parts.items():
        for transport in transports:
            test = "%s_%s_%s" % (name, part, transport)
            tests.append(test)
            host_test(
                name = test,
                src = "//tests/conformance:%s_test.py" % part,
                size = "large",
                data = ["//tests/conformance:suite"],
                env = {"CONFORMANCE_TRANSPORT": transport},
                hosts = {
                    "CONFORMANCE_HOST": host,
                    "CPP_CLIENT": "//tests/conformance:cpp_client",
                },
            )
    native.test_suite(
        name = name,
        tests = tests,
    )
