"""The real provider of the tests: one process per run, shared by all workers."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripts import conformance_mcp as suite

from tests.processes import untethered_environment

__all__ = ["CALLBACK", "CLIENT", "SECRET", "provider"]

PACKAGE = "oidc-provider@8.8.1"
PROGRAM = Path(__file__).with_name("provider.mjs")
CLIENT, SECRET = "agora", "a-secret-of-tests"
CALLBACK = "http://127.0.0.1:8080/v1/monitor/callback"


@pytest.fixture(scope="session")
def provider() -> str:
    """Return its issuer. Skips without Node, or if npm finds nothing."""
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    place = Path(tempfile.gettempdir()) / f"agora-oidc-{owner}"
    place.mkdir(exist_ok=True)
    with _alone(place / "lock"):
        issuer = _running(place / "said.json")
        return issuer if issuer is not None else _start(owner, place)


def _running(said: Path) -> str | None:
    """Return the issuer started by another worker; None if there is none, or only that of a former run."""
    try:
        issuer: str = json.loads(said.read_text())["issuer"]
        urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=30).close()
    except (OSError, ValueError):
        return None
    return issuer


def _start(owner: int, place: Path) -> str:
    """Start it; it ends, and deletes its directory, when the run that owns it has ended."""
    try:
        node, module = suite.install(PACKAGE, "lib/index.js")
    except suite.Unavailable as error:
        if os.environ.get("AGORA_REQUIRE") == "all":
            raise
        pytest.skip(str(error))
    command, errors = [node, str(PROGRAM), str(owner), module, str(place)], place / "errors.log"
    with errors.open("w") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True, env=untethered_environment()
        )
    assert process.stdout is not None
    with process.stdout as output:
        line = output.readline()
    process.returncode = 0  # no process waits for its end
    assert line.startswith("{"), errors.read_text()
    (place / "said.json").write_text(line)
    issuer: str = json.loads(line)["issuer"]
    return issuer


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
