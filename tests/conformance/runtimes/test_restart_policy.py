"""Restart delays of ended instances."""

from __future__ import annotations

import pytest

from agora.runtimes.restarts import RestartPolicy
from tests.conformance.engines import RunsOn

RUNS_ON = RunsOn.NO_STORE

SECOND = 1_000_000


@pytest.mark.parametrize(("failures", "seconds"), [(0, 1), (1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (10_000, 300)])
def test_delays_double_up_to_the_maximum(failures: int, seconds: int) -> None:
    assert RestartPolicy().compute_restart_delay(failures) == seconds * SECOND


def test_fifth_restart_is_a_crash_loop() -> None:
    assert [RestartPolicy().is_crash_loop(count) for count in (4, 5)] == [False, True]
