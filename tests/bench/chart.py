"""A bar chart of ratios, and line charts of curves, as plain SVG."""
import math
from xml.sax.saxutils import escape

COLOURS = ["#4c78a8", "#9ecae9", "#f58518", "#ffbf79", "#54a24b", "#b279a2",
           "#e45756", "#72b7b2"]
FONT = 'font-family="sans-serif" font-size="11"'
HALO = 'paint-order="stroke" stroke="white" stroke-width="2"'
LEFT, WIDE, BAR = 150, 460, 14


def bars(rows, yardstick):
    """One group a cell (parameters, workers), one bar a peer: its ratio."""
    names = list(dict.fromkeys(r["peer"] for r in rows))
    top = max([r.get("ratio", 0.0) for r in rows] + [1.0])
    y, parts, labels, cell = 30, [], [], None
    for r in rows:
        here = (r["size"], r["workers"])
        if here != cell:
            cell, y = here, y + 22
            parts.append(f'<text x="8" y="{y - 4}" font-weight="bold" {FONT}>'
                         f'{r["size"]} parameters, {r["workers"]} '
                         f'worker{"s" * (r["workers"] > 1)}</text>')
        ratio = r.get("ratio", 0.0)
        w = WIDE * ratio / top
        colour = COLOURS[names.index(r["peer"]) % len(COLOURS)]
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 11}" text-anchor="end" {FONT}>'
            f'{escape(r["peer"])}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{w:.1f}" height="{BAR - 2}" '
            f'fill="{colour}"/>')
        labels.append(
            f'<text x="{LEFT + w + 5:.1f}" y="{y + 11}" {HALO} '
            f'{FONT}>{ratio:.2f}  ({r["rounds_per_s"]:.4g}/s)</text>')
        y += BAR
    one = LEFT + WIDE / top
    parts.append(f'<path d="M{one:.1f} 40V{y}" stroke="#888" '
                 'stroke-dasharray="3 3"/>')
    # The line lies on the bars and under the labels.
    return page(y + 20, f"Rounds/s as a share of {yardstick} TCP",
                parts + labels)


def curves(series, title, x_name, y_name):
    """Lines on two logarithmic axes: {name: [(x, y), ...]}, all above 0."""
    points = [p for line in series.values() for p in line]
    if not points:
        return page(60, title, [])
    box = [f(math.log10(p[i]) for p in points)
           for i in (0, 1) for f in (min, max)]
    left, top, wide, high = 70, 40, 480, 300

    def place(p):
        x = (math.log10(p[0]) - box[0]) / ((box[1] - box[0]) or 1.0)
        y = (math.log10(p[1]) - box[2]) / ((box[3] - box[2]) or 1.0)
        return f"{left + wide * x:.1f},{top + high * (1 - y):.1f}"

    parts = [f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" '
             'fill="none" stroke="#888"/>',
             f'<text x="{left}" y="{top + high + 30}" {FONT}>{escape(x_name)}: '
             f'{10 ** box[0]:.3g} to {10 ** box[1]:.3g} (log)</text>',
             f'<text x="8" y="{top - 6}" {FONT}>{escape(y_name)}: '
             f'{10 ** box[2]:.3g} to {10 ** box[3]:.3g} (log)</text>']
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        at = " ".join(place(p) for p in line)
        parts.append(f'<polyline points="{at}" fill="none" stroke="{colour}" '
                     f'stroke-width="2"/><text x="{left + wide + 8}" '
                     f'y="{top + 14 + 16 * i}" fill="{colour}" {FONT}>'
                     f'{escape(name)}</text>')
    return page(top + high + 50, title, parts)


def page(height, title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="760" '
            f'height="{height}">\n<rect width="100%" height="100%" '
            f'fill="white"/>\n<text x="8" y="18" font-family="sans-serif" '
            f'font-size="14">{escape(title)}</text>\n' + "\n".join(parts)
            + "\n</svg>\n")
