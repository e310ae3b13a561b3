"""Fixtures that every tier shares."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from agora.server.app import App
from agora.settings import Settings
from tests.declared_errors import UNDECLARED, record_undeclared_errors
from tests.failing_stores import FailingSqliteStore
from tests.harness import ManualClock, Running, local_client, make_settings, running
from tests.processes import reap_directory, start_reaper

# A shell has what it runs in the background ignore SIGINT, and so would every program that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same examples in every run of the suite; 'make test-long' searches anew each time.
# A busy machine generates and runs examples slowly: how long that takes says nothing of the code.
SLOW = [HealthCheck.too_slow]
hypothesis_settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=SLOW)
hypothesis_settings.register_profile("search", derandomize=False, deadline=None, suppress_health_check=SLOW)
hypothesis_settings.load_profile(os.environ.get("AGORA_HYPOTHESIS", "same"))
# Nothing here speaks TLS with the outside: to load its authorities costs each HTTP client, and each program, 25 ms.
# A machine that names its own bundle pays the same, so it is set in any case; tests/deploy takes it back.
NO_AUTHORITY = str(Path(__file__).parent / "tls" / "no_authority.pem")
OUTSIDE_AUTHORITIES = "TESTS_OUTSIDE_SSL_CERT_FILE"  #: environment variable that keeps the machine's own SSL_CERT_FILE


def pytest_configure(config: pytest.Config) -> None:
    """No process outlives the run, nor, where tests run side by side, the worker that started it."""
    start_reaper()
    record_undeclared_errors()
    os.environ.setdefault(OUTSIDE_AUTHORITIES, os.environ.get("SSL_CERT_FILE", ""))  # workers inherit it
    os.environ["SSL_CERT_FILE"] = NO_AUTHORITY
    gc.disable()  # what is collected stays until the end: looking through it again and again takes longer than importing it


def pytest_collection_finish() -> None:
    """Tests, and the modules they need, are no garbage: full collections pass over them from now on."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _reap_instances(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Instances inherit nothing of this process's environment: they are known by the directory they work in."""
    reap_directory(tmp_path_factory.getbasetemp())


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(report: object) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """What a test printed goes from process to process as UTF-8, which has no lone surrogates."""
    data = yield
    if data is not None and "sections" in data:
        data["sections"] = [
            (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in data["sections"]
        ]
    return data


@pytest.fixture(autouse=True)
def _own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the person's own credentials or settings."""
    monkeypatch.setenv("AGORA_CREDENTIALS", str(tmp_path / "credentials.json"))
    # COLUMNS: tests that run side by side are given it, and tables would be narrow
    for name in ("AGORA_URL", "AGORA_TOKEN", "AGORA_KEYS", "AGORA_DATA_DIR", "AGORA_STORE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _declared_errors() -> Iterator[None]:
    """No operation answers an error that the contract does not declare for it."""
    UNDECLARED.clear()
    yield
    assert not UNDECLARED


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "data")


@pytest.fixture
async def app(settings: Settings, clock: ManualClock) -> AsyncIterator[App]:
    """A started application on SQLite, whose store a test can make fail (:func:`tests.failing_stores.failing_store`)."""
    app = App(settings, clock=clock, store=FailingSqliteStore(settings.data_dir / "agora.db", clock=clock))
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A tokenless client on the same machine: the local operator."""
    async with local_client(app) as client:
        yield client


@pytest.fixture
async def server(settings: Settings, clock: ManualClock) -> AsyncIterator[Running]:
    """A server on a socket."""
    store = FailingSqliteStore(settings.data_dir / "agora.db", clock=clock)
    async with running(App(settings, clock=clock, store=store)) as server:
        yield server
