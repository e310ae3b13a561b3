"""Fixtures for a monitor with scripted measurements."""

from __future__ import annotations

import pytest

from tests.harness import ManualClock
from tests.unit.domains.monitoring.measured_monitor import Gauges, Measured


@pytest.fixture
def gauges() -> Gauges:
    return Gauges()


@pytest.fixture
def monitor(gauges: Gauges, clock: ManualClock) -> Measured:
    return Measured(gauges, clock)
