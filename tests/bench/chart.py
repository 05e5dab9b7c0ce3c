"""Draws the comparisons of a run as an SVG: chart.py JSON SVG, of what tools/bench --json wrote.

Four panels, one for each load, with the same scale: how many times the host is ahead of each of the others, on a logarithmic
axis that begins at 1, where they are equal. Two of the host's kinds: threads, and the first that is cooperative.
"""

import json
import math
import sys
from xml.sax.saxutils import escape

from plan import plural

PANELS = (("add", "Calls a second, one connection, same core"), ("many100", "Calls a second, 100 in flight, a core each"),
          ("echo1048576", "1 MiB there and back, same core"), ("idle", "Memory of an idle connection, times less"))
# This goes from what is nearest to the machine to what is farthest; what is not named comes last.
ORDER = ("bare socket", "Thrift threaded", "Cap'n Proto", "gRPC callback", "gRPC sync")
COLOURS = ("#0072b2", "#e69f00")  # readers without red-green vision can tell them apart, and they differ in grey

WIDTH, LEFT, RIGHT = 860, 160, 70  # bars have the space between the margins
BAR, GAP, BETWEEN = 10, 2, 8
TITLE, AXIS, HEAD = 30, 26, 92
FONT = "font-family='Helvetica, Arial, sans-serif'"


def gain(row):
    """Returns how many times the host is ahead, whichever way the ratio counts; below 1 it is behind."""
    return 1 / row["ratio"] if row["at_most"] else row["ratio"]


def comparisons(results):
    """Returns [(title, [(other, [gain or None, of each kind])])], and the names of the kinds."""
    kinds = [next((kind["name"] for kind in results["kinds"] if kind[trait]), None) for trait in ("threads", "cooperative")]
    kinds = [kind for kind in kinds if kind] or [kind["name"] for kind in results["kinds"][:2]]
    panels = []
    for load, title in PANELS:
        others = {}
        for row in results["rows"]:
            # The chart shows rates and memory; latencies at some quantile are other rows of the same load.
            if (row["load"] == load and row["ratio"] and row["kind"] in kinds and row["other"] not in kinds and
                    row["figure"] in ("calls_per_s", "mb_per_s", "rss_kib", "pss_kib")):
                others.setdefault(row["other"], [None] * len(kinds))[kinds.index(row["kind"])] = gain(row)
        order = sorted(others, key=lambda other: (ORDER.index(other) if other in ORDER else len(ORDER), other))
        if order:
            panels.append((title, [(other, others[other]) for other in order]))
    return panels, kinds


class Scale:
    """Returns where on the axis a number is."""

    def __init__(self, numbers):
        self.low = math.log10(min([0.8, *numbers]) / 1.1)
        self.high = math.log10(max([12, *numbers]) * 1.1)

    def x(self, number):
        return LEFT + (math.log10(number) - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)

    def ticks(self):
        return [10.0**power for power in range(math.ceil(self.low), math.floor(self.high) + 1)]


def text(x, y, words, size=12, anchor="start", colour="#222", weight="normal"):
    return (f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' text-anchor='{anchor}' fill='{colour}' "
            f"font-weight='{weight}'>{escape(words)}</text>")


def times(number):
    return f"{number:.2g}×" if number < 10 else f"{number:,.0f}×"


def panel(title, others, scale, kinds, top):
    """Returns the lines of one panel, and where it ends."""
    row_height = len(kinds) * (BAR + GAP) + BETWEEN
    bottom = top + TITLE + len(others) * row_height
    yield text(LEFT, top + 16, title, 13, weight="bold")
    for tick in scale.ticks():
        x = scale.x(tick)
        colour, width = ("#444", 1.5) if tick == 1 else ("#ddd", 1)
        yield (f"<line x1='{x:.1f}' y1='{top + TITLE - 4}' x2='{x:.1f}' y2='{bottom}' stroke='{colour}' "
               f"stroke-width='{width}'/>")
        yield text(x, bottom + 14, f"{tick:g}×", 11, "middle", "#666")
    for number, (other, gains) in enumerate(others):
        y = top + TITLE + number * row_height
        yield text(LEFT - 8, y + (row_height - BETWEEN) / 2 + 4, other, 12, "end")
        for place, value in enumerate(gains):
            if value is None:
                continue
            left, right = sorted((scale.x(1), scale.x(value)))
            yield (f"<rect x='{left:.1f}' y='{y}' width='{max(right - left, 1):.1f}' height='{BAR}' "
                   f"fill='{COLOURS[place]}'><title>{escape(f'{kinds[place]}, of {other}: {times(value)}')}</title></rect>")
            yield text(right + 4, y + BAR - 1, times(value), 11, colour="#444")
            y += BAR + GAP


def height_of(others, kinds):
    return TITLE + len(others) * (len(kinds) * (BAR + GAP) + BETWEEN) + AXIS


def svg(results):
    panels, kinds = comparisons(results)
    scale = Scale([value for _, others in panels for _, gains in others for value in gains if value])
    height = HEAD + sum(height_of(others, kinds) for _, others in panels)
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' viewBox='0 0 {WIDTH} {height}'>",
        f"<rect width='{WIDTH}' height='{height}' fill='#fff'/>",
        text(16, 28, "How many times the host is ahead", 17, weight="bold"),
        text(16, 48, "Right of 1× it is better than what is named, left of it worse. Medians of "
             f"{plural(len(results['rounds']), 'round')}; {results['machine']['cpu']}, {results['date'][:10]}.", 12,
             colour="#555"),
    ]
    x = 16
    for colour, kind in zip(COLOURS, kinds):
        lines += [f"<rect x='{x}' y='62' width='12' height='12' fill='{colour}'/>", text(x + 18, 72, f"kind {kind}")]
        x += 60 + 8 * len(kind)
    top = HEAD
    for title, others in panels:
        lines += panel(title, others, scale, kinds, top)
        top += height_of(others, kinds)
    return "\n".join([*lines, "</svg>", ""])


def write(results, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(svg(results))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        write(json.load(source), sys.argv[2])
