"""Draws growth.py's curves as one SVG: a panel each, size on a logarithmic axis, cost over the smallest case's."""

import math
from html import escape

WIDTH, HEIGHT = 360, 220  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 34, 40
HIGHEST = 1.5  # of the cost axis, unless a point lies above it
LIMIT = 1.1


def tick(size):
    for unit, factor in (("M", 1_000_000), ("k", 1_000)):
        if size >= factor:
            return f"{size / factor:g}{unit}"
    return str(size)


def panel(unit, points, x, y):
    highest = max(HIGHEST, *(cost * 1.05 for _, cost in points))
    decades = [math.log10(max(size, 1)) for size, _ in points]
    span = decades[-1] - decades[0]

    def across(decade):
        return LEFT + (decade - decades[0]) / span * (WIDTH - LEFT - RIGHT)

    def up(cost):
        return HEIGHT - BOTTOM - cost / highest * (HEIGHT - TOP - BOTTOM)

    def line(x1, y1, x2, y2, style):
        return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'

    def text(at_x, at_y, anchor, what):
        return f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}">{escape(what)}</text>'

    end = WIDTH - RIGHT
    shapes = [text(LEFT, 18, "start", f"CPU, by {unit}"), line(LEFT, up(0), end, up(0), "axis"),
              line(LEFT, up(LIMIT), end, up(LIMIT), "limit"), line(LEFT, up(1), end, up(1), "base"),
              text(LEFT - 6, up(0) + 4, "end", "0"), text(LEFT - 6, up(1) + 4, "end", "1.0"),
              text(end, up(LIMIT) - 4, "end", f"{LIMIT}")]
    corners = [(across(decade), up(cost)) for decade, (_, cost) in zip(decades, points)]
    shapes.append('<polyline class="curve" points="' + " ".join(f"{a:.1f},{b:.1f}" for a, b in corners) + '"/>')
    for (a, b), (size, cost) in zip(corners, points):
        shapes += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3"/>', text(a, b + 18, "middle", f"{cost:.2f}"),
                   text(a, HEIGHT - BOTTOM + 16, "middle", tick(size))]
    return f'<g transform="translate({x},{y})">{"".join(shapes)}</g>'


def svg(curves):
    """`curves` as growth.measure() returns them."""
    panels = [panel(unit, points, i % 2 * WIDTH, i // 2 * HEIGHT)
              for i, (unit, points) in enumerate(curves.values())]
    height = (len(panels) + 1) // 2 * HEIGHT
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {height}" font-family="sans-serif" '
            'font-size="11"><style>.axis{stroke:#000}.base{stroke:#bbb}.limit{stroke:#c00;stroke-dasharray:4}'
            '.curve{fill:none;stroke:#06c;stroke-width:2}circle{fill:#06c}</style>'
            f'<rect width="{2 * WIDTH}" height="{height}" fill="#fff"/>{"".join(panels)}</svg>\n')
