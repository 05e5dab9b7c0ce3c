"""What a run finds: binaries, Python environments, certificates, the host's kinds, and what machine it is on."""

import os
import platform
import subprocess

import certificates
from plan import Kind
from processes import ADMIN, Failure, grpcurl, wait_for_line

PYTHON_VERSIONS = ("4.1.5", "5.3.1", "6.0.2")
PROGRAMS = ("DEMO_HOST", "DEMO_HOST_STATIC", "EVERYDAY_HOST", "EVERYDAY_HOST_STATIC", "LIMIT_SERVER", "LOAD", "CLIENT_LOAD",
            "GRPC_SERVER", "GRPC_CLIENT", "CAPNP_SERVER", "CAPNP_CLIENT", "THRIFT_SERVER", "THRIFT_CLIENT")


class Setting:
    """Holds the binaries and the Python environments that tools/bench or Bazel name, and certificates of this run."""

    def __init__(self, directory):
        try:
            self.binaries = {name: os.path.abspath(os.environ[name]) for name in PROGRAMS}
        except KeyError as missing:
            raise Failure(f"{missing} does not name a program: start this by tools/bench") from None
        self.pythons = {}
        for version in (os.environ.get("RPYC_VERSIONS") or " ".join(PYTHON_VERSIONS)).split():
            python = os.path.join(os.environ.get("RPYC_VENVS", ""), f"rpyc-{version}", "bin", "python")
            if os.access(python, os.X_OK):
                self.pythons[version] = python
        self.gevents = [version for version, python in self.pythons.items() if _runs(python, "-c", "import gevent")]
        tool = os.environ.get("GRPCURL")
        self.grpcurl = tool if tool and os.access(tool, os.X_OK) else None
        self.pem = certificates.Authority(directory, "bench").issue("server") if self.grpcurl else ()

    def kinds(self, options, children):
        """Returns the kinds of the host's table that were asked for, and apart from them those that serve one connection."""
        asked = options.kinds.split(",") if options.kinds else None
        if not self.grpcurl:
            # Their traits are not known then, so they count as kinds of threads.
            return [Kind({"name": name}) for name in asked or ["threaded"]], []
        command = (self.binaries["DEMO_HOST"], "--admin_address=127.0.0.1:0")
        host = children.start(command)
        try:
            listed = grpcurl(self.grpcurl, wait_for_line(host, command, ADMIN), "ServerService/ListServerKinds", {})
        finally:
            children.end(host)
        table = {row["name"]: Kind(row) for row in listed["server_kinds"]}
        for name in asked or ():
            if name not in table:
                raise Failure(f"--kinds: no kind {name}; there are {', '.join(table)}")
        kinds = [kind for kind in table.values() if not asked or kind.name in asked]
        return ([kind for kind in kinds if not kind.one_connection], [kind for kind in kinds if kind.one_connection])

    def host(self):
        """Says which host is measured."""
        version = subprocess.run([self.binaries["DEMO_HOST"], "--version"], capture_output=True, text=True)
        return {"version": version.stdout.strip(), "commit": os.environ.get("BENCH_COMMIT") or None}


def machine():
    cpu = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "kernel": f"{platform.system()} {platform.release()}"}


def _runs(*command):
    return subprocess.run(command, capture_output=True).returncode == 0
