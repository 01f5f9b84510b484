#!/usr/bin/env python3
"""Draws the tables of docs/benchmarks.md: one SVG of bars a workload, so that a picture never says another thing than its table.

  bench/plot.py [docs/benchmarks.md] [docs/benchmarks]
"""
import pathlib
import re
import sys
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, BAR, GAP, LEFT, RIGHT, TOP = 720, 22, 8, 130, 130, 44
OWN, OTHER, FLOOR = "#c0392b", "#7f8c8d", "#d5d8dc"


def rows(text):
    """(workload, server, figure as text, figure) of every table that bench/figures.py printed; a side that did not run has none."""
    header = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            header = None
        elif header is None:
            header = cells if cells[:2] == ["workload", "server"] else []
        elif header and not set(line) <= set("|- :"):
            row = dict(zip(header, cells))
            memory = row.get("KB a connection, all connected", "")
            number, unit = (row["per second"], "a second") if row["per second"] else (memory.split(",")[0], "KB a connection")
            if re.fullmatch(r"[\d,.]+", number):
                yield row["workload"], row["server"], f"{number} {unit}", float(number.replace(",", ""))


def colour(server):
    return OWN if server.startswith("tocsin") else FLOOR if server == "floor" else OTHER


def svg(title, bars):
    height = TOP + len(bars) * (BAR + GAP) + 8
    most = max(value for _, _, value in bars) or 1
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="12" y="26" font-size="16" font-weight="bold">{escape(title)}</text>']
    for index, (server, shown, value) in enumerate(bars):
        y = TOP + index * (BAR + GAP)
        length = max(1, (WIDTH - LEFT - RIGHT) * value / most)
        out += [f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(server)}</text>',
                f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour(server)}"/>',
                f'<text x="{LEFT + length + 6:.1f}" y="{y + 16}">{escape(shown.replace(" a second", "/s").replace(" a connection", ""))}</text>']
    return "\n".join([*out, "</svg>", ""])


def main():
    source = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs/benchmarks.md")
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "docs/benchmarks")
    folder.mkdir(exist_ok=True)
    workloads = {}
    for workload, server, shown, value in rows(source.read_text()):
        workloads.setdefault(workload, []).append((server, shown, value))
    for workload, bars in workloads.items():
        name = re.sub(r"[^a-z0-9]+", "-", workload.lower().replace(",", "")).strip("-")
        (folder / f"{name}.svg").write_text(svg(workload, bars))
        print(f"docs/benchmarks/{name}.svg")


if __name__ == "__main__":
    main()
