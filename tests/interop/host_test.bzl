"""host_test: a test whose cases are in a Python file and use the built hosts."""

DEMO_HOSTS = {
    "DEMO_HOST": "//examples:demo_host",
    "RPYCD": "//server:rpycd",
}

def host_test(name, src, size = "medium", data = [], hosts = DEMO_HOSTS, env = {}, **kwargs):
    """Runs `src` with the system's python3, and counts each of its cases (runner.py).

    Args:
      name: of the test.
      src: a file of unittest cases.
      size: the test's size.
      data: files that it reads besides the harness and the binaries.
      hosts: the binaries, by the variable in which the harness finds the path of each.
      env: further variables.
      **kwargs: for the sh_test.
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests/interop:run.sh"],
        args = ["$(rootpath %s)" % src],
        data = data + [
            src,
            "//tests/interop:harness",
        ] + hosts.values(),
        env = dict(env, **{variable: "$(rootpath %s)" % host for variable, host in hosts.items()}),
        **kwargs
    )
