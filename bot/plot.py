"""A small plot as a PNG: a line for each source on a scale of its own, between its name and its newest value."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from bot.blocks.text import change, cut, size
from bot.draft import Series

SCALE = 2
"""Pixels of the picture for one of the layout: screens with fine pixels show the text sharp."""
FINE = 2
"""Drawn so many times as large and made smaller, for lines are drawn without smooth edges."""
PEN = SCALE * FINE
WIDTH, ROW, EDGE, INSET = 600, 40, 14, 9
NAME, LABEL, GAP = 150, 140, 16
FONT = 13
SMALLEST_SPAN = 0.1
"""The scale spans at least this part of the largest value, so that a wobble does not look like a jump."""
PAPER, INK, QUIET, RULE, LINE = "#ffffff", "#1d1c1d", "#616061", "#e8e8e8", "#1264a3"
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is drawn on, in units of the layout."""

    pen: ImageDraw.ImageDraw
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont

    def line(self, points: Sequence[Point], color: str, width: int = 1) -> None:
        self.pen.line([(x * PEN, y * PEN) for x, y in points], color, width * PEN, joint="curve")

    def dot(self, point: Point, color: str, radius: float = 3.5) -> None:
        x, y = point
        corners = (x - radius, y - radius, x + radius, y + radius)
        self.pen.ellipse([corner * PEN for corner in corners], color)

    def text(self, at: Point, says: str, color: str, anchor: str = "lm") -> None:
        self.pen.text((at[0] * PEN, at[1] * PEN), says, color, self.font, anchor=anchor)


def draw(series: Sequence[Series]) -> bytes:
    """Return the plot of at least one series."""
    image = Image.new("RGB", (WIDTH * PEN, (len(series) * ROW + EDGE) * PEN), PAPER)
    sheet = _Sheet(ImageDraw.Draw(image), ImageFont.load_default(FONT * PEN))
    for number, one in enumerate(series):
        top = EDGE / 2 + number * ROW
        if number:
            sheet.line([(EDGE, top), (WIDTH - EDGE, top)], RULE)
        _row(sheet, one, top)
    out = io.BytesIO()
    image.reduce(FINE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _row(sheet: _Sheet, one: Series, top: float) -> None:
    middle = top + ROW / 2
    sheet.text((EDGE, middle), cut(one.name, 20), INK)
    if not one.values:
        sheet.text((EDGE + NAME, middle), "no good backup yet", QUIET)
        return
    points = _points(one.values, top)
    if len(points) > 1:
        sheet.line(points, LINE, 2)
    sheet.dot(points[-1], LINE)
    sheet.text((WIDTH - EDGE - LABEL + GAP, middle), size(one.values[-1]), INK)
    sheet.text((WIDTH - EDGE, middle), change(one.values), QUIET, "rm")


def _points(values: Sequence[int], top: float) -> list[Point]:
    """Return where the values lie; a single one lies at the right end, where the newest always is."""
    low, high = min(values), max(values)
    span = max(high - low, high * SMALLEST_SPAN, 1)
    base = (high + low - span) / 2
    left, right, height = EDGE + NAME, WIDTH - EDGE - LABEL, ROW - 2 * INSET
    step = (right - left) / max(1, len(values) - 1)
    return [
        (right - (len(values) - 1 - place) * step, top + INSET + height * (1 - (value - base) / span))
        for place, value in enumerate(values)
    ]
