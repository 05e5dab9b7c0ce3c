#!/bin/sh
# run.sh FILE [-k PATTERN]: the cases of one file. By hand, RPYC_VENVS and GRPCURL name the clients, and DEMO_HOST and RPYCD
# binaries other than those of bazel-bin. The interpreter is named outright: a python3 on PATH may be a shim that a
# sandboxed test cannot run.
runner=tests/interop/runner.py # from the root of the workspace or, under Bazel, of the runfiles
[ -f "$runner" ] || cd "$(dirname "$0")/../.." || exit 1
exec /usr/bin/python3 "$runner" "$@"
