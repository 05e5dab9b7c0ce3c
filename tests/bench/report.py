"""The results of a run: as a document that is kept as JSON, as a table with a verdict on each target, and beside an earlier
one."""

import datetime
import json
import statistics

from plan import plural

FORMAT = 1  # of the document


def short(number):
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def digits(number):
    """Returns as many digits as mean anything."""
    return float(f"{number:.6g}")


# --- the document ----------------------------------------------------------------------------------

def document(plan, rows, rounds, notes, host, machine, options):
    """Returns all that there is to know later; rows are in the order they are printed in."""
    return {
        "format": FORMAT,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "host": host,
        "machine": machine,
        "options": options,
        "kinds": [{"name": kind.name, "threads": kind.threads, "cooperative": kind.cooperative} for kind in plan.kinds],
        "notes": notes,
        "rows": [_row(row, rounds) for row in rows] + list(_medians(plan, rows, rounds)),
        "rounds": rounds,
    }


def _outcomes(row, rounds):
    """Returns the ratio of each round."""
    return [row.value(figures[row.host]) / (1 if row.absolute else row.value(figures[row.limit])) for figures in rounds]


def _medians(plan, rows, rounds):
    """Returns the median of the ratios in each round, for each target that has such a bound and each kind."""
    for target, median_bound in plan.medians.items():
        of_target = [row for row in rows if row.target == target]
        for kind in dict.fromkeys(row.kind for row in of_target):
            ratios = [_outcomes(row, rounds) for row in of_target if row.kind == kind]
            outcomes = [statistics.median(round_of) for round_of in zip(*ratios)]
            outcome = digits(statistics.median(outcomes))
            met = outcome >= median_bound
            what = f"median of {plural(len(ratios), 'ratio')}"
            yield {
                "target": target, "kind": kind, "what": what, "name": f"{kind}: {what}", "load": None, "other": None,
                "host_run": None, "limit_run": None, "figure": None, "host": outcome, "limit": None, "ratio": None,
                "outcome": outcome, "range": [digits(min(outcomes)), digits(max(outcomes))],
                "at_most": False, "bound": median_bound, "judged": True, "met": met,
                "missed_by": None if met else digits(abs(outcome / median_bound - 1)),
            }


def _row(row, rounds):
    median = lambda run: digits(statistics.median(row.value(figures[run]) for figures in rounds)) if run else None
    outcomes = _outcomes(row, rounds)
    outcome = digits(statistics.median(outcomes))
    return {
        "target": row.target, "kind": row.kind, "what": row.what, "name": row.name(), "load": row.load, "other": row.other,
        "host_run": row.host, "limit_run": row.limit, "figure": row.figure,
        "host": median(row.host), "limit": median(row.limit),
        "ratio": None if row.absolute else outcome,
        "outcome": outcome,  # the ratio, or the host's figure where that is what counts
        "range": [digits(min(outcomes)), digits(max(outcomes))],
        "at_most": row.at_most, "bound": row.bound, "judged": row.judged,
        "met": row.met(outcome),
        "missed_by": None if row.met(outcome) else digits(row.missed_by(outcome)),
        **({} if row.floor is None else {"floor": row.floor}),
        **({} if row.brief is None else {"brief": row.brief}),
    }


def below_floor(results):
    """Returns the rows whose outcome is a failure."""
    return [row for row in results["rows"] if row["outcome"] < row.get("floor", 0)]


def dump(value):
    """Returns the document as JSON, a line for each row and each run, so that a diff of two can be read."""
    items = list(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    if not any(isinstance(item, dict) for item in items):
        return json.dumps(value)
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{json.dumps(name)}: {dump(item)}" for name, item in value.items()) + "\n}"
    return "[\n" + ",\n".join(dump(item) for item in items) + "\n]"


# --- the table -------------------------------------------------------------------------------------

def table(results):
    count = len(results["rounds"])
    yield (f"\nMedians of {plural(count, 'round')}, kinds {', '.join(kind['name'] for kind in results['kinds'])}. "
           "The ratio is host/limit, of each round; its range is over the rounds.")
    for note in results["notes"]:
        yield f"NOTE: {note}"
    yield f"\n{'':4} {'what':78} {'limit':>9} {'host':>9} {'ratio':>6} {'range':>15}  target"
    for row in results["rows"]:
        number = lambda name: "-" if row[name] is None else short(row[name])
        yield (f"{row['target']:4} {row['name']:78} {number('limit'):>9} {number('host'):>9} {number('ratio'):>6} "
               f"{short(row['range'][0]) + '..' + short(row['range'][1]):>15}  {bound(row)}")
    yield ""
    for target in dict.fromkeys(row["target"] for row in results["rows"]):
        yield f"{target}: {verdict([row for row in results['rows'] if row['target'] == target])}"


def bound(row):
    return f"{'<=' if row['at_most'] else '>='} {short(row['bound'])}"


def verdict(rows):
    judged = [row for row in rows if row["judged"]]
    if not judged:
        return "not judged, it is for kinds that were not measured"
    missed = [f"{row['name']}: missed by {short(100 * row['missed_by'])} %" for row in judged if not row["met"]]
    return "; ".join(missed) if missed else "met"


# --- beside an earlier one -------------------------------------------------------------------------

def moved(results, before):
    """Returns which outcomes changed by more than either run's rounds vary, and which rows are not in both."""
    if before.get("format") != FORMAT:
        yield f"AGAINST: written by another version of the benchmark (format {before.get('format')}): not compared"
        return
    yield f"\nAgainst {before['date']}, {before['host']['version']} {before['host']['commit'] or ''}".rstrip() + ":"
    for thing in ("machine", "options"):
        old, new = before[thing], results[thing]
        changes = [f"{name} {old.get(name)} -> {new.get(name)}" for name in {**old, **new}
                   if old.get(name) != new.get(name) and name not in ("targets", "kinds")]
        if changes:
            yield f"NOTE: another {thing.rstrip('s')}: {', '.join(changes)}"
    earlier = {(row["target"], row["name"]): row for row in before["rows"]}
    count = 0
    for row in results["rows"]:
        old = earlier.pop((row["target"], row["name"]), None)
        if old is None:
            yield f"{row['target']:4} {row['name']}: new"
        elif not _overlap(old["range"], row["range"]):
            count += 1
            better = (row["outcome"] < old["outcome"]) == row["at_most"]
            yield (f"{row['target']:4} {row['name']}: {short(old['outcome'])} -> {short(row['outcome'])}, "
                   f"{'better' if better else 'WORSE'}{change_of_verdict(old, row)}")
    # Only what was measured now is compared; the rest was not asked for.
    measured = {(row["target"], row["kind"]) for row in results["rows"]}
    for (target, name), old in earlier.items():
        if (target, old["kind"]) in measured:
            yield f"{target:4} {name}: gone"
    yield f"{count} of {len(results['rows'])} moved by more than their ranges"


def change_of_verdict(old, row):
    if not row["judged"] or old["met"] == row["met"]:
        return ""
    return "; now met" if row["met"] else f"; now missed by {short(100 * row['missed_by'])} %"


def _overlap(one, other):
    return one[0] <= other[1] and other[0] <= one[1]
