#!/usr/bin/env python3
"""Draws what bench/comeback.py --times wrote: how many clients were back, and how many had everything, over time.

  bench/comeback_plot.py FILE… > docs/benchmarks/comeback.svg
"""
import json
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 380, 70, 50, 30, 20
COLOURS = ["#1f6feb", "#d1541b"]


def x(seconds, longest):
    return LEFT + seconds / longest * (WIDTH - LEFT - RIGHT)


def y(clients, most):
    return HEIGHT - BOTTOM - clients / most * (HEIGHT - BOTTOM - TOP)


def curve(times, longest, most, colour, dashes):
    """A point for each hundredth of the clients."""
    step = max(1, len(times) // 100)
    shown = [(0.0, 0)] + [(at, number + 1) for number, at in enumerate(sorted(times)) if number % step == 0 or number + 1 == len(times)]
    points = " ".join(f"{x(at, longest):.1f},{y(number, most):.1f}" for at, number in shown)
    return f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dashes} points="{points}"/>'


def axes(longest, most):
    for part in range(6):
        seconds, clients = longest * part / 5, most * part / 5
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(clients, most)}" y2="{y(clients, most)}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y(clients, most) + 4}" text-anchor="end">{clients:,.0f}</text>'
        yield f'<text x="{x(seconds, longest)}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{seconds:.1f} s</text>'
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">since the bridge was ready</text>'


def main():
    runs = [json.load(open(path)) for path in sys.argv[1:]]
    longest = max(max(run["whole"]) for run in runs)
    most = max(run["clients"] for run in runs)
    parts = list(axes(longest, most))
    for number, (run, colour) in enumerate(zip(runs, COLOURS)):
        kind = "a filter each" if run["filters"] else "without filters"
        for line, (name, what, dashes) in enumerate((("ready", "back", ' stroke-dasharray="5 4"'), ("whole", "has everything", ""))):
            parts.append(curve(run[name], longest, most, colour, dashes))
            at = HEIGHT - BOTTOM - 84 + 20 * (2 * number + line)
            parts.append(f'<line x1="{WIDTH - 270}" x2="{WIDTH - 240}" y1="{at - 4}" y2="{at - 4}" stroke="{colour}" '
                         f'stroke-width="2"{dashes}/><text x="{WIDTH - 230}" y="{at}">{kind}: {what}</text>')
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">'
          f'<rect width="100%" height="100%" fill="white"/>')
    print("\n".join(parts) + "\n</svg>")


if __name__ == "__main__":
    main()
