"""Fixtures of the SDK's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agora_sdk import AgoraClient
from tests.unit.sdk.scripted_server import Host, Wire, hosting


@pytest.fixture(autouse=True)
def _own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_CREDENTIALS", str(tmp_path / "credentials.json"))
    for name in ("AGORA_URL", "AGORA_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    with hosting() as host:
        yield host


@pytest.fixture
def wire(host: Host) -> Iterator[Wire]:
    """A scripted server."""
    with host.playing() as wire:
        yield wire


@pytest.fixture
def client(wire: Wire) -> Iterator[AgoraClient]:
    """A client of the scripted server, for synchronous tests."""
    with AgoraClient(wire.url) as client:
        yield client
