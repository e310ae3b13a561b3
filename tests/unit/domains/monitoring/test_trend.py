"""Trends of synthetic series, and the time until they reach their limit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.domains.monitoring.trend import fit_line, format_duration, seconds_until


def series(start: float, slope: float, *, count: int = 60, every: float = 5.0) -> list[tuple[float, float]]:
    return [(step * every, start + slope * step * every) for step in range(count)]


@given(st.floats(-1e6, 1e6), st.floats(-1e3, 1e3), st.integers(2, 200))
def test_straight_line_is_fitted(start: float, slope: float, count: int) -> None:
    points = series(start, slope, count=count)
    line = fit_line(points)
    assert line is not None
    assert line.slope == pytest.approx(slope, rel=1e-6, abs=1e-5)
    assert line.last == pytest.approx(points[-1][1], rel=1e-6, abs=1e-2)


def test_series_without_a_line_has_no_trend() -> None:
    assert fit_line([]) is None
    assert fit_line([(1.0, 1.0)]) is None
    assert fit_line([(1.0, 1.0), (1.0, 2.0)]) is None, "one moment"


def test_time_to_an_upper_or_lower_limit() -> None:
    rising, falling = series(0, 2), series(1000, -2)
    assert seconds_until(rising, 1000, at_least=60) == pytest.approx((1000 - 590) / 2)
    assert seconds_until(falling, 0, at_least=60) == pytest.approx((1000 - 590) / 2)
    assert seconds_until(rising, 590, at_least=60) == pytest.approx(0, abs=1e-6)


def test_constant_or_receding_series_never_reaches_the_limit() -> None:
    assert seconds_until(series(1000, 2), 0, at_least=60) is None
    assert seconds_until(series(0, 2), 500, at_least=60) is None, "already passed: no prediction"
    assert seconds_until(series(100, 0), 1000, at_least=60) is None
    assert seconds_until(series(100, -1, count=50), 1000, at_least=60) is None


def test_short_series_has_no_trend() -> None:
    points = series(0, 10)
    assert seconds_until(points[:12], 1e4, at_least=60) is None, "55 seconds"
    assert seconds_until(points[:13], 1e4, at_least=60) is not None
    assert seconds_until([], 1e4, at_least=0) is None


def test_noise_is_distinguished_from_a_noisy_trend() -> None:
    chance = random.Random(7)
    noise = [(time, 500 + chance.uniform(-400, 400)) for time, _ in series(0, 0)]
    assert seconds_until(noise, 4096, at_least=60) is None
    trend = [(time, value + chance.uniform(-40, 40)) for time, value in series(0, 2)]
    assert seconds_until(trend, 4096, at_least=60) == pytest.approx((4096 - 590) / 2, rel=0.1)


def test_duration_in_words() -> None:
    assert [format_duration(seconds) for seconds in (0, 59, 60, 720, 3600, 86_000)] == [
        "0 s",
        "59 s",
        "1 min",
        "12 min",
        "1 h",
        "24 h",
    ]
