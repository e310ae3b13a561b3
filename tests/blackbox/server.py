"""A server process under test, started as by a user: ``agora serve``."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.harness import free_port
from tests.polling import poll_until
from tests.processes import spawn_tethered

__all__ = ["NO_TLS", "Account", "ServerProcess"]

START_TIMEOUT = 60.0  # seconds until /ready returns 200
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # servers use plain HTTP: loading authorities is slow


class Account:
    """A caller of a server: a credential and a client that sends it."""

    def __init__(self, name: str, agent_id: str, token: str, url: str, trust: ssl.SSLContext = NO_TLS) -> None:
        self.name, self.agent_id, self.token, self.url = name, agent_id, token, url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=60, verify=trust)

    def call(self, method: str, path: str, expect: int | None = None, **options: Any) -> Any:
        """Make a request. Returns the JSON of the response. expect: required status; default: any 2xx."""
        response = self.http.request(method, path, **options)
        allowed = response.status_code == expect if expect is not None else response.is_success
        assert allowed, f"{method} {path}: {response.status_code} {response.text[:2000]}"
        return response.json() if response.content else None

    def get(self, path: str, expect: int | None = None, **options: Any) -> Any:
        return self.call("GET", path, expect, **options)

    def post(self, path: str, body: Any = None, expect: int | None = None, **options: Any) -> Any:
        return self.call("POST", path, expect, json={} if body is None else body, **options)


class ServerProcess:
    """``agora serve`` in a separate process, with a directory that outlives it.

    settings: passed as ``AGORA_*`` environment variables, by their lower-case names (``store="postgresql://..."``).
    files: limit of open files (``ulimit -n``). trust: for HTTPS, the authority of the server's certificate. The process
    ends with the test process in any case.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        files: int | None = None,
        trust: ssl.SSLContext | None = None,
        **settings: str,
    ) -> None:
        self.directory, self.port, self.files = directory, port or free_port(), files
        self.url, self.trust = f"{'http' if trust is None else 'https'}://127.0.0.1:{self.port}", trust or NO_TLS
        self.log_file = directory.parent / f"{directory.name}-server.log"
        self.settings = {"rate_basic": "1000000", "log_level": "warning", "builtin_agents": "false"} | settings
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: list[Account] = []

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the server and of its command-line calls."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
        clean |= {f"AGORA_{name.upper()}": value for name, value in self.settings.items()}
        return clean | {
            "AGORA_DATA_DIR": str(self.directory),
            "AGORA_PORT": str(self.port),
            "AGORA_EVENTS_PORT": "0",
            "AGORA_CREDENTIALS": str(self.directory.parent / "credentials.json"),
        }

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def admin_token(self) -> str:
        return (self.directory / "admin-token").read_text().strip()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def start(self, *, wait: bool = True) -> ServerProcess:
        """Start it and wait until it is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "agora.cli", "serve"]
        if self.files is not None:
            command = ["sh", "-c", f'ulimit -n {self.files}; exec "$@"', "sh", *command]
        with self.log_file.open("ab") as log:
            self.process = spawn_tethered(command, env=self.environment, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        with httpx.Client(base_url=self.url, timeout=5, verify=self.trust) as client:
            poll_until(lambda: self._is_ready(client), lambda: f"ready:\n{self.log()[-4000:]}", timeout)

    def _is_ready(self, client: httpx.Client) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended:\n{self.log()[-4000:]}"
        try:
            return self._is_listening() and client.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def _is_listening(self) -> bool:
        """Whether it accepts connections; a failed HTTP request takes twenty times as long as a failed connection."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """Send SIGKILL: nothing is flushed."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self, timeout: float = 60.0) -> int:
        """Send SIGTERM: the server drains. Returns the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def close(self) -> None:
        for account in self._clients:
            account.http.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    # -- callers ---------------------------------------------------------------------------------

    def account(self, token: str = "", name: str = "", agent_id: str = "") -> Account:
        """Return a caller with any credential; without one, a local caller without a token."""
        account = Account(name, agent_id, token, self.url, self.trust)
        self._clients.append(account)
        return account

    @property
    def operator(self) -> Account:
        """Return the operator, with the admin token."""
        return self.account(self.admin_token, "operator")

    def register(self, name: str, **profile: Any) -> Account:
        """Register an agent. Returns its caller."""
        answer = self.operator.post("/agora/agent/register", {"agent_name": name, **profile})
        return self.account(answer["token"], name, answer["agent_id"])

    def run_cli(
        self, *arguments: str, token: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run ``agora ARGUMENTS`` with this server, 80 columns wide."""
        environment = self.environment | {"AGORA_URL": self.url, "COLUMNS": "80"}
        if token is not None:
            environment["AGORA_TOKEN"] = token
        return subprocess.run(
            [sys.executable, "-m", "agora.cli", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
