"""A trend in one line."""

from collections.abc import Sequence

BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
_NONE = " "


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The values as bars, oldest first, in at most so many columns; None is a gap. Where several share a column, the
    largest of them is shown.
    """
    if width < 1 or not values:
        return ""
    columns = min(width, len(values))
    shown = [_largest(values[len(values) * at // columns : len(values) * (at + 1) // columns]) for at in range(columns)]
    top = max((value for value in shown if value is not None), default=0.0)
    return "".join(_NONE if value is None else _bar(value, top) for value in shown)


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _bar(value: float, top: float) -> str:
    return BARS[min(len(BARS) - 1, int(value / top * len(BARS)))] if top > 0 else BARS[0]
