"""Writes the ratios of a run into a page, between its marks: page.py JSON MD, of what tools/bench --json wrote.

A row for each comparison and a column for each kind of server; what a target asks for and was missed is bold.
"""

import json
import sys

import report
from plan import plural
from processes import Failure

BEGIN, END = "<!-- measured: written by tools/bench, not by hand -->", "<!-- measured: end -->"


def cell(row):
    if row is None:
        return ""
    number = report.short(row["outcome"])
    if not row["judged"]:
        return f"({number})"
    return number if row["met"] else f"**{number}**"


def lines(results):
    """Returns the text between the marks."""
    kinds = list(dict.fromkeys([kind["name"] for kind in results["kinds"]]
                               + [row["kind"] for row in results["rows"] if row["kind"]]))
    machine, host, count = results["machine"], results["host"], len(results["rounds"])
    commit = f" ({host['commit']})" if host["commit"] else ""
    yield (f"{host['version']}{commit}, {results['date'][:10]}: medians of {plural(count, 'round')} of "
           f"{results['options']['seconds']:g} s on {machine['cores']} cores of {machine['cpu']}, {machine['kernel']}.")
    for note in results["notes"]:
        yield f"- {note}"
    yield ""
    yield f"| target | what | bound | {' | '.join(kinds)} |"
    yield f"|---|---|---|{'---:|' * len(kinds)}"
    table = {}
    for row in results["rows"]:
        # A row that is about no server stands in the first column.
        cells = table.setdefault((row["target"], row.get("brief", row["what"]), report.bound(row)), {})
        kind = row["kind"] or kinds[0]
        if kind not in cells or row["outcome"] < cells[kind]["outcome"]:
            cells[kind] = row
    for (target, what, bound), cells in table.items():
        yield f"| {target} | {what} | {bound} | {' | '.join(cell(cells.get(kind)) for kind in kinds)} |"
    yield ""
    for target in dict.fromkeys(row["target"] for row in results["rows"]):
        yield f"- **{target}** {report.verdict([row for row in results['rows'] if row['target'] == target])}"


def fill(text, results):
    """Returns the page with what is between its marks exchanged."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failure(f"no place for the table: the page has no lines {BEGIN} and {END}")
    return "".join((before, begin, "\n", "\n".join(lines(results)), "\n", end, after))


def write(results, path):
    with open(path, encoding="utf-8") as file:
        text = fill(file.read(), results)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        write(json.load(source), sys.argv[2])
