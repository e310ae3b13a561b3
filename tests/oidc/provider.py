"""The real provider of the tests: one process for a whole run, whichever workers need it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripts import conformance_mcp as suite

__all__ = ["CALLBACK", "CLIENT", "SECRET", "provider"]

PACKAGE = "oidc-provider@8.8.1"
PROGRAM = Path(__file__).with_name("provider.mjs")
CLIENT, SECRET = "agora", "a-secret-of-tests"
CALLBACK = "http://127.0.0.1:8080/v1/monitor/callback"


@pytest.fixture(scope="session")
def provider() -> str:
    """Its issuer. Skips where there is no Node, or npm finds nothing."""
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    said = Path(tempfile.gettempdir()) / f"agora-oidc-{owner}.json"
    with _alone(said.with_suffix(".lock")):
        if not said.exists():
            said.write_text(_start(owner))
        issuer: str = json.loads(said.read_text())["issuer"]
    return issuer


def _start(owner: int) -> str:
    """Start it; it ends by itself with the run that owns it."""
    try:
        node, module = suite.install(PACKAGE, "lib/index.js")
    except suite.Unavailable as error:
        if os.environ.get("AGORA_REQUIRE") == "all":
            raise
        pytest.skip(str(error))
    errors = Path(tempfile.gettempdir()) / f"agora-oidc-{owner}.log"
    with errors.open("w") as log:
        process = subprocess.Popen(
            [node, str(PROGRAM), str(owner), module],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout as said:
        line = said.readline()
    process.returncode = 0  # nobody waits for its end
    assert line.startswith("{"), errors.read_text()
    return line


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
