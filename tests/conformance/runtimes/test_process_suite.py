"""The conformance suite with the process engine."""

from __future__ import annotations

from tests.conformance.engines import RunsOn
from tests.conformance.runtimes.engine_suite import RuntimeSuite

RUNS_ON = RunsOn.NO_STORE


class TestProcessRuntime(RuntimeSuite):
    """The suite, with real processes."""
