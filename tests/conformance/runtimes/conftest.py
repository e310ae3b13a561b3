"""Kits of the process engine; their processes end with the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agora.runtimes.process import orphans
from tests.conformance.runtimes.engine_kit import ProcessKit


@pytest.fixture
async def new_kit(tmp_path: Path) -> AsyncIterator[Callable[..., ProcessKit]]:
    """Create kits, each in its own directory, with options of the engine."""
    kits: list[ProcessKit] = []

    def make(**options: object) -> ProcessKit:
        kits.append(ProcessKit(tmp_path / f"kit-{len(kits)}", **options))
        return kits[-1]

    yield make
    try:
        for kit in kits:
            await kit.close()
    finally:
        for kit in kits:
            orphans.kill_processes_with_variables([f"AGORA_INSTALLATION={kit.options.installation}".encode()])


@pytest.fixture
def kit(new_kit: Callable[..., ProcessKit]) -> ProcessKit:
    return new_kit()
