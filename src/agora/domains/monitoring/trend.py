"""Linear trend of measurements: the time until a limit is reached."""

from __future__ import annotations

from collections.abc import Sequence

from agora.value_classes import value_class

__all__ = ["TrendLine", "fit_line", "format_duration", "seconds_until"]

Point = tuple[float, float]  # seconds, value

# Values that jump up and down have a slope as well, but no trend worth a warning.
MIN_EXPLAINED_VARIANCE = 0.7  #: share of the variance that the line must explain to be used


@value_class
class TrendLine:
    """A least squares line: change per second, value at the last point, and goodness of fit (r squared, 0 to 1)."""

    slope: float
    last: float
    fit: float


def fit_line(points: Sequence[Point]) -> TrendLine | None:
    """Fit a line to points; None for fewer than two different times."""
    count = len(points)
    if count < 2:
        return None
    # Centred first: the squares of seconds since 1970 would use up the digits of a float.
    mean_time = sum(time for time, _ in points) / count
    mean = sum(value for _, value in points) / count
    spread = sum((time - mean_time) ** 2 for time, _ in points)
    variance = sum((value - mean) ** 2 for _, value in points)
    if not spread:
        return None
    together = sum((time - mean_time) * (value - mean) for time, value in points)
    slope = together / spread
    explained = together * together / (spread * variance) if variance else 1.0
    return TrendLine(slope, mean + slope * (points[-1][0] - mean_time), explained)


def seconds_until(points: Sequence[Point], limit: float, *, at_least: float) -> float | None:
    """Compute the seconds from the last point until the line reaches a limit.

    None if the line moves away from the limit (also after passing it), if the points scatter too much for a
    trend, or if they cover less than ``at_least`` seconds.
    """
    if not points or points[-1][0] - points[0][0] < at_least:
        return None
    line = fit_line(points)
    if line is None or not line.slope or line.fit < MIN_EXPLAINED_VARIANCE:
        return None
    remaining = (limit - line.last) / line.slope
    return remaining if remaining >= 0 else None


def format_duration(seconds: float) -> str:
    """Format a duration roughly: ``3 h``, ``12 min``, ``40 s``."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
