"""host_test: a file of Python cases against the built host binaries."""

def host_test(name, src, size = "medium", data = [], **kwargs):
    """Runs `src` with the system's python3; each of its cases is counted (runner.py).

    Args:
      name: of the test.
      src: a file of unittest cases.
      size: as usual.
      data: what it reads besides the harness and the binaries.
      **kwargs: for the sh_test.
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests/interop:run.sh"],
        args = ["$(rootpath %s)" % src],
        data = data + [
            src,
            "//examples:demo_host",
            "//server:rpycd",
            "//tests/interop:harness",
        ],
        env = {
            "DEMO_HOST": "$(rootpath //examples:demo_host)",
            "RPYCD": "$(rootpath //server:rpycd)",
        },
        **kwargs
    )
