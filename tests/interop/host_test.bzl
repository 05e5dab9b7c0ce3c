"""host_test: a file of Python cases against the built host binaries."""

DEMO_HOSTS = {
    "DEMO_HOST": "//examples:demo_host",
    "RPYCD": "//server:rpycd",
}

def host_test(name, src, size = "medium", data = [], hosts = DEMO_HOSTS, env = {}, **kwargs):
    """Runs `src` with the system's python3; each of its cases is counted (runner.py).

    Args:
      name: of the test.
      src: a file of unittest cases.
      size: as usual.
      data: what it reads besides the harness and the binaries.
      hosts: the binaries, by the variable that names each to the harness.
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
