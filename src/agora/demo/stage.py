"""The stage: the processes of a run, what they tell, and the end of all of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["Stage", "answers", "free_server"]

PATIENCE = 20.0


def answers(url: str) -> bool:
    """Whether a server is ready there."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=2) as answer:  # noqa: S310 - the person gave it
            return bool(answer.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def free_server(directory: Path) -> Iterator[str]:
    """A server of the demo's own, on a free port."""
    log = directory / "server.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
    environment |= {"AGORA_PORT": "0", "AGORA_EVENTS_PORT": "0", "AGORA_DATA_DIR": str(directory / "data")}
    with log.open("wb") as out:
        command = [sys.executable, "-m", "agora.cli", "serve"]
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        yield _address(server, log)
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        for line in log.read_text().splitlines():
            if line.strip().startswith("REST"):
                return line.split()[1].rstrip("/")
        time.sleep(0.05)
    raise RuntimeError(f"The demo's server did not start:\n{log.read_text()[-2000:]}")


class Stage:
    """Agents as processes. ``heard`` is everything they told, in the order it came."""

    def __init__(self, url: str, run: str, since: int) -> None:
        self.run, self.heard = run, list[dict[str, Any]]()
        self._changed = threading.Condition()
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.directory = Path(tempfile.mkdtemp(prefix="agora-demo-"))
        self.environment = os.environ | {
            "AGORA_URL": url,
            "AGORA_CREDENTIALS": str(self.directory / "credentials.json"),
            "AGORA_DEMO_PLACE": str(self.directory / "place"),
            "AGORA_DEMO_SINCE": str(since),
        }
        self.environment.pop("AGORA_TOKEN", None)

    def enter(self, role: str) -> None:
        """Start an agent."""
        log = (self.directory / f"{role}.log").open("a")
        process = subprocess.Popen(
            [sys.executable, "-m", "agora.demo.cast", role, self.run],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self._processes[role] = process
        threading.Thread(target=self._listen, args=(role, process), daemon=True).start()

    def _listen(self, role: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._changed:
                self.heard.append({"role": role, **json.loads(line)})
                self._changed.notify_all()

    def strike(self, role: str) -> None:
        """SIGKILL: the agent gets no chance to say anything."""
        process = self._processes[role]
        process.kill()
        process.wait()

    def told(self, wanted: Callable[[dict[str, Any]], bool], count: int = 1) -> list[dict[str, Any]]:
        """What was told that is wanted, once there is enough of it, or the patience is over."""

        def found() -> list[dict[str, Any]]:
            return [fact for fact in self.heard if wanted(fact)]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= count, PATIENCE)
            return found()

    def clear(self) -> None:
        """End every process."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
