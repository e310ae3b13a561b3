"""The process engine."""

from __future__ import annotations

from tests.runtime.suite import RuntimeSuite


class TestProcessRuntime(RuntimeSuite):
    """The suite, with real processes."""
