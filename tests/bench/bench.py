"""Measures the host against what the machine can do and against other systems, in interleaved rounds of one run, and prints
ratios: tools/bench.

A figure of one machine says nothing on another, and one of a minute ago little; a ratio of two figures taken in one round
does. README.md says how to read it; limits.py, rpyc_servers.py and other_systems.py hold the plan.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "interop")]
import chart  # noqa: E402
import page  # noqa: E402
import report  # noqa: E402
from everyday import add_everyday  # noqa: E402
from limits import add_limits  # noqa: E402
from other_systems import add_other_systems  # noqa: E402
from plan import Plan, number_of, plural  # noqa: E402
from processes import Children, Failure, Placement, measure  # noqa: E402
from rpyc_servers import add_rpyc_servers  # noqa: E402
from setting import Setting, machine  # noqa: E402

ROUNDS = 5  # fewer do not judge
SETUP_S = 0.7  # what starting and ending takes, about
BELOW_FLOOR = 3  # the exit status
IDLE_LOAD = 1.0  # a machine whose load average is below it is idle
IDLE_WAIT_S = 300  # how long a machine has to become idle: a build that has just ended is in its load average for some minutes


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures the host against raw sockets, canned RPyC, RPyC's own servers, gRPC, "
        "Cap'n Proto and Thrift in the same run, and prints ratios beside the targets of tests/bench/README.md. The exit "
        "status says whether it could measure, not whether targets are met; but it is 3 if an everyday pattern is slower "
        "than with RPyC's own server by more than the target's floor allows.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="T1, T7, ...; without any, all there are")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default %(default)s; a gate needs as many")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement; default %(default)s")
    parser.add_argument("--kinds", help="server kinds, as threaded,thread_pool; default: all of the host's table but those "
                        "that serve one connection")
    parser.add_argument("--idle_connections", type=int, default=2000, help="for T12 and T13; default %(default)s")
    parser.add_argument("--open_connections", type=int, default=10000, help="for T14; default %(default)s")
    parser.add_argument("--cooperative_connections", type=int, default=19000,
                        help="for T14, where the kind is cooperative; default %(default)s")
    parser.add_argument("--busy", action="store_true", help="measure although something else is running on the machine")
    parser.add_argument("--json", metavar="FILE", help="write all figures and rows there")
    parser.add_argument("--against", metavar="FILE", help="of an earlier --json: say which ratios have moved since")
    parser.add_argument("--chart", metavar="SVG", help="draw the comparisons there")
    parser.add_argument("--page", metavar="MD", help="write the table of ratios into that page, between its marks")
    options = parser.parse_args(arguments)
    counts = ("rounds", "seconds", "idle_connections", "open_connections", "cooperative_connections")
    if min(getattr(options, name) for name in counts) <= 0:
        parser.error(", ".join(f"--{name}" for name in counts) + " must be positive")
    return parser, options


def run_rounds(plan, names, options, placement, children, tool):
    rounds, began, total = [], time.monotonic(), options.rounds * len(names)
    left = total * (options.seconds * 1.25 + SETUP_S)
    for number in range(1, options.rounds + 1):
        figures = {}
        print(f"{plural(options.rounds - number + 1, 'round')} of {len(names)} measurements to go, about "
              f"{max(1, round(left / 60))} min", file=sys.stderr, flush=True)
        # Each second round goes backwards, so what drifts with time affects both sides alike.
        for name in names if number % 2 else reversed(names):
            print(f"round {number}/{options.rounds}: {name}", file=sys.stderr, flush=True)
            figures[name] = measure(plan.runs[name], placement, children, options, tool)
        rounds.append(figures)
        left = (time.monotonic() - began) * (options.rounds / number - 1)
    return rounds


def load_average():
    """Returns the load average of the last minute."""
    return os.getloadavg()[0]


def wait_until_idle():
    """Judging takes an idle machine: what else runs would be in the figures."""
    deadline = time.monotonic() + IDLE_WAIT_S
    if load_average() >= IDLE_LOAD:
        print(f"waiting for an idle machine: its load average is {load_average():.1f}, and {IDLE_LOAD:g} is too much",
              file=sys.stderr, flush=True)
    while load_average() >= IDLE_LOAD:
        if time.monotonic() >= deadline:
            raise Failure(f"the machine is not idle: its load average is still {load_average():.1f} after {IDLE_WAIT_S} s; end what "
                          "runs there, or give --busy, which measures all the same")
        time.sleep(1)


def read(file):
    try:
        with open(file) as opened:
            return json.load(opened)
    except (OSError, ValueError) as error:
        raise Failure(f"{file}: {error}") from None


def write(results, options):
    """Writes the files that were asked for; the page is changed last, since it tells of the others."""
    if options.json:
        with open(options.json, "w") as file:
            file.write(report.dump(results) + "\n")
    if options.chart:
        chart.write(results, options.chart)
    if options.page:
        page.write(results, options.page)


def measure_all(parser, options, directory, children):
    """Returns the results, or only the notes if there is nothing to measure."""
    placement, setting = Placement(), Setting(directory)
    plan = Plan(options, setting, *setting.kinds(options, children))
    for add in (add_limits, add_rpyc_servers, add_other_systems, add_everyday):
        add(plan)
    asked = [target.upper() for target in options.targets] or plan.targets()
    for target in asked:
        if target not in plan.targets():
            parser.error(f"no target {target}; there are {' '.join(plan.targets())}")
    # The sort is stable, so kinds stay in order.
    rows = sorted((row for row in plan.rows if row.target in asked), key=lambda row: number_of(row.target))
    notes = placement.notes + plan.notes
    if options.rounds < ROUNDS:
        notes.append(f"{plural(options.rounds, 'round')} of {options.seconds:g} s: to judge by a target takes {ROUNDS} "
                     "or more, and a machine that does nothing else")
    if rows and options.rounds >= ROUNDS and not options.busy:
        wait_until_idle()
    if load_average() >= IDLE_LOAD:
        notes.append(f"load average {load_average():.1f} at the start: what else runs here is in the figures")
    notes += [f"{target} skipped: {why}" for target, why in plan.skipped.items() if target in asked]
    rounds = run_rounds(plan, plan.wanted(rows), options, placement, children, setting.grpcurl) if rows else []
    told = {name: value for name, value in vars(options).items() if name not in ("json", "against", "chart", "page")}
    return report.document(plan, rows, rounds, notes, setting.host(), machine(), told)


def main(arguments):
    parser, options = parse(arguments)
    before = read(options.against) if options.against else None
    children = Children()
    with tempfile.TemporaryDirectory() as directory:
        try:
            results = measure_all(parser, options, directory, children)
        finally:
            children.end_all()
    if not results["rows"]:
        print("\n".join(results["notes"]))
        return 0
    print("\n".join(report.table(results)))
    if before:
        print("\n".join(report.moved(results, before)))
    write(results, options)
    return verdict(results)


def verdict(results):
    """Returns the exit status, and names what is below its floor. Few rounds do not judge."""
    if len(results["rounds"]) < ROUNDS:
        return 0
    fallen = report.below_floor(results)
    for row in fallen:
        print(f"FAILED: {row['target']} {row['name']}: {report.short(row['outcome'])}, below {row['floor']}")
    return BELOW_FLOOR if fallen else 0


def interrupted(signum, _):
    sys.exit(128 + signum)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        sys.exit(1)
