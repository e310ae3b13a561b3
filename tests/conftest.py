"""Fixtures shared by all test tiers."""

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
from tests.processes import end_after_interrupt, reap_directory, start_reaper

# A shell makes background processes ignore SIGINT, which every program started by a test would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same examples in every run of the suite; 'make test-long' searches anew each time. On a busy machine, generating
# and running examples is slow: the duration is not an indicator of a defect.
SLOW = [HealthCheck.too_slow]
hypothesis_settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=SLOW)
hypothesis_settings.register_profile("search", derandomize=False, deadline=None, suppress_health_check=SLOW)
hypothesis_settings.load_profile(os.environ.get("AGORA_HYPOTHESIS", "same"))
# Tests make no TLS connections to external hosts. Loading CA certificates takes 25 ms for each HTTP client and process,
# and more with the bundle of the machine, so the variable is always set; tests/deploy restores it.
NO_AUTHORITY = str(Path(__file__).parent / "tls" / "no_authority.pem")
OUTSIDE_AUTHORITIES = "TESTS_OUTSIDE_SSL_CERT_FILE"  # environment variable that keeps the machine's own SSL_CERT_FILE


def pytest_configure(config: pytest.Config) -> None:
    """Ensure that no process outlives the run, nor, in parallel runs, the worker that started it."""
    start_reaper()
    record_undeclared_errors()
    os.environ.setdefault(OUTSIDE_AUTHORITIES, os.environ.get("SSL_CERT_FILE", ""))  # workers inherit it
    os.environ["SSL_CERT_FILE"] = NO_AUTHORITY
    gc.disable()  # collected tests stay until the end: repeated collections take longer than importing them


def pytest_keyboard_interrupt() -> None:
    end_after_interrupt()


def pytest_collection_finish() -> None:
    """Exclude tests and their modules from garbage collection."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _reap_instances(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Register directories for the reaper: instances do not inherit the environment of this process."""
    reap_directory(tmp_path_factory.getbasetemp())


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(report: object) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """Replace lone surrogates in test output, which is sent between processes as UTF-8."""
    data = yield
    if data is not None and "sections" in data:
        data["sections"] = [
            (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in data["sections"]
        ]
    return data


@pytest.fixture(autouse=True)
def _own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate tests from the user's credentials and settings."""
    monkeypatch.setenv("AGORA_CREDENTIALS", str(tmp_path / "credentials.json"))
    # COLUMNS is set in parallel runs, and would make tables narrow
    for name in ("AGORA_URL", "AGORA_TOKEN", "AGORA_KEYS", "AGORA_DATA_DIR", "AGORA_STORE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _declared_errors() -> Iterator[None]:
    """Check that operations return only errors that the contract declares for them."""
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
    """A started application on SQLite, whose store a test can make fail
    (:func:`tests.failing_stores.failing_store`)."""
    app = App(settings, clock=clock, store=FailingSqliteStore(settings.data_dir / "agora.db", clock=clock))
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A local client without a token: the local operator."""
    async with local_client(app) as client:
        yield client


@pytest.fixture
async def server(settings: Settings, clock: ManualClock) -> AsyncIterator[Running]:
    """A server on a socket."""
    store = FailingSqliteStore(settings.data_dir / "agora.db", clock=clock)
    async with running(App(settings, clock=clock, store=store)) as server:
        yield server
