"""A bar chart as SVG: rates of the contenders, one group an endpoint, each on its own scale."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from bench.figures import OURS, Line

_WIDTH, _LABELS, _BAR, _GAP, _TITLE = 760, 220, 16, 6, 34
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .figure { font-size: 12px; fill: #59636e }
  .bar { fill: #9aa4af }
  .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .figure { fill: #9198a1 }
    .bar { fill: #656c76 }
    .ours { fill: #4493f8 }
  }
"""


def svg(groups: Mapping[str, Sequence[Line]], titles: Mapping[str, str]) -> str:
    """The chart. `groups` are the lines of each endpoint by its title; `titles` name contenders."""
    parts: list[str] = []
    y = 8
    for title, lines in groups.items():
        parts.append(f'<text class="title" x="8" y="{y + 16}">{escape(title)}: requests/s</text>')
        y += _TITLE - 8
        most = max((line.rate for line in lines), default=0.0) or 1.0
        for line in lines:
            width = max(1.0, line.rate / most * (_WIDTH - _LABELS - 90))
            name = titles.get(line.contender, line.contender)
            rate = f"{line.rate:,.0f}"
            kind = "ours" if line.contender == OURS else "bar"
            parts += [
                f'<text x="{_LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>',
                f'<rect class="{kind}" x="{_LABELS}" y="{y}" width="{width:.1f}" height="16"/>',
                f'<text class="figure" x="{_LABELS + width + 6:.1f}" y="{y + 13}">{rate}</text>',
            ]
            y += _BAR + _GAP
        y += 14
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}"'
        f' height="{y}" role="img" aria-label="Requests a second by endpoint and contender">'
    )
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])
