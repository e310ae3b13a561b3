"""The process engine."""

from __future__ import annotations

from tests.conformance.runtimes.engine_suite import RuntimeSuite


class TestProcessRuntime(RuntimeSuite):
    """The suite, with real processes."""
