"""Servers and clients of one measurement: where they run, how they are started, and that none outlives this program."""

import json
import os
import re
import signal
import subprocess

SETUP_DEADLINE_S = 300  # of what surrounds a measurement: guards against a hang


class Failure(Exception):
    pass


class Placement:
    """Says which cores server and client run on. Placement decides more than the server does: a ping-pong across two cores
    takes four times as long as on one, and unpinned it flips between the two."""

    def __init__(self):
        cores = sorted(os.sched_getaffinity(0))
        self.first, self.second = {cores[0]}, {cores[-1]}
        if len(cores) < 2:
            self.notes = ["only one core: what should have a core each shares it, and means little"]
        else:
            self.notes = []
        try:
            os.sched_setaffinity(0, set(cores))
            self.pins = True
        except OSError as error:
            self.pins = False
            self.notes.append(f"cannot pin to cores ({error}): ratios are noise mostly")

    def pin(self, cores):
        """Runs in the child before its program; for Popen."""
        return (lambda: os.sched_setaffinity(0, cores)) if self.pins else None


ENDING = (signal.SIGINT, signal.SIGTERM)


class Children:
    """Holds the started processes; none outlives this program, however it ends."""

    def __init__(self):
        self.running = []

    def start(self, command, preexec_fn=None, **popen):

        def begin():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            if preexec_fn:
                preexec_fn()

        # If a signal came between the start and the entry in the list, the child would be left running.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=begin,
                                     **popen)
            self.running.append(child)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        return child

    def end(self, child):
        child.terminate()
        try:
            child.communicate(timeout=SETUP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
        self.running.remove(child)

    def end_all(self):
        for child in self.running:
            child.kill()
        for child in self.running:
            child.wait()
        self.running = []


def wait_for_line(server, command, pattern):
    return wait_for_lines(server, command, pattern)[0]


def wait_for_lines(server, command, *patterns):
    """Returns what the group of each pattern finds in a line of stdout, in whatever order they come. A server that has said where
    it listens is ready."""
    found = {}
    for line in server.stdout:
        for pattern in patterns:
            if match := re.search(pattern, line):
                found.setdefault(pattern, match[1])
        if len(found) == len(patterns):
            return [found[pattern] for pattern in patterns]
    raise Failure(f"{' '.join(command)}: {server.stderr.read().strip() or 'ended before it listened'}")


def grpcurl(tool, address, method, request):
    done = subprocess.run([tool, "-plaintext", "-d", json.dumps(request), address, f"rpyc.admin.v1.{method}"],
                          capture_output=True, text=True, timeout=SETUP_DEADLINE_S)
    if done.returncode != 0:
        raise Failure(f"{method}: {done.stderr.strip()}")
    return json.loads(done.stdout)


ADMIN = r"^rpycd: admin listening on (\S+)"
REGISTRY = r"^(?:rpycd: registry listening on \S+:|registry at )(\d+)"
LISTENING = r"^(?:rpycd: server .*)?listening on (?:\S+:)?(\d+)$"


def ports_of(server, run, tool):
    """Describes the server as the client's flags."""
    more = (REGISTRY, ) if run.registry else ()
    port, *registry = wait_for_lines(server, run.server, LISTENING if run.spec is None else ADMIN, *more)
    if run.spec is not None:
        port = grpcurl(tool, port, "ServerService/StartServer", {"spec": run.spec})["port"]
    return [f"--port={port}", *(f"--registry_port={found}" for found in registry)]


def measure(run, placement, children, options, tool):
    server = children.start(run.server, preexec_fn=placement.pin(placement.first))
    try:
        ports = ports_of(server, run, tool)
        cores = placement.first if run.same_core else placement.second
        client = children.start([*run.client, *ports, f"--server_pid={server.pid}"],
                                preexec_fn=placement.pin(cores))
        try:
            out, errors = client.communicate(timeout=SETUP_DEADLINE_S + 2 * options.seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(run.client)}: did not end") from None
        if client.returncode != 0:
            raise Failure(f"{' '.join(run.client)}: exit {client.returncode}: {errors.strip()}")
        children.running.remove(client)
        return json.loads(out)
    finally:
        children.end(server)
