"""A disk under SQLite that blocks writes without an error: every call is answered, and nothing is stored twice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

TIMEOUT_SECONDS = 1  # minimum of the setting
ANSWER_SECONDS = 30  # longer calls count as unanswered


class HangingDisk:
    """A disk of a server that hangs while a file exists."""

    def __init__(self, flag: Path) -> None:
        self._flag, self.usage_flag = flag, flag.with_name("usage_hangs")

    def hang(self) -> None:
        self._flag.touch()

    def go_on(self) -> None:
        self._flag.unlink(missing_ok=True)
        self.usage_flag.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingDisk]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler to build what makes a disk hang: apt-get install gcc libc6-dev")
    source, library = Path(__file__).with_name("hanging_disk.c"), tmp_path / "hanging_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("HANGING_DISK", str(tmp_path / "hangs"))
    disk = HangingDisk(tmp_path / "hangs")
    monkeypatch.setenv("HANGING_DISK_USAGE", str(disk.usage_flag))
    yield disk
    disk.go_on()


@pytest.fixture
def server(disk: HangingDisk, start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server(store_timeout=str(TIMEOUT_SECONDS))


def send(account: Account, content: str) -> httpx.Response:
    """Send a message to itself, idempotent by its content."""
    body, headers = {"to_agent": "Sender", "content": content}, {"Idempotency-Key": content}
    return account.http.post("/agora/messaging/send", json=body, headers=headers, timeout=ANSWER_SECONDS)


def read_readiness(server: ServerProcess) -> tuple[int, str]:
    """Return the status of /ready and its report on the store."""
    response = httpx.get(f"{server.url}/ready", timeout=ANSWER_SECONDS)
    return response.status_code, response.json()["components"]["store"]


def test_calls_are_answered_while_the_disk_hangs(disk: HangingDisk, server: ServerProcess) -> None:
    sender = server.register("Sender")
    disk.hang()
    first, second = send(sender, "first"), send(sender, "second")
    for response, outcome in ((first, "unknown"), (second, "failed")):
        problem = response.json()
        assert (response.status_code, problem["code"]) == (503, "storage_unavailable"), problem
        assert (problem["cause"], problem["outcome"]) == ("timeout", outcome), problem
        assert int(response.headers["retry-after"]) >= 1
    assert sender.get("/agora/query/agents", timeout=ANSWER_SECONDS)["agents"], "reads need no disk that writes"
    poll_until(lambda: read_readiness(server) == (503, "timeout"), "/ready names the cause")
    health = httpx.get(f"{server.url}/health/detail", timeout=ANSWER_SECONDS)
    assert health.status_code == 503
    assert "disk has not completed a commit" in health.json()["components"]["database"]["detail"]

    disk.go_on()
    poll_until(lambda: read_readiness(server) == (200, "ok"), "ready again")
    for content in ("first", "second"):
        assert send(sender, content).status_code == 200
    contents = [message["content"] for message in sender.get("/agora/messaging/receive")["messages"]]
    assert sorted(contents) == ["first", "second"], "each is stored once"
    log = server.log()
    assert log.count("storage unavailable (timeout)") == 1, log
    assert log.count("storage available again") == 1, log
    assert "Traceback" not in log, log


def test_server_ends_and_starts_while_a_commit_hangs(disk: HangingDisk, server: ServerProcess) -> None:
    """A stop does not wait for the hanging commit, and no acknowledged write is lost."""
    sender = server.register("Sender")
    assert send(sender, "before").status_code == 200
    disk.hang()
    assert send(sender, "meanwhile").json()["outcome"] == "unknown"
    server.stop()
    disk.go_on()
    server.start()
    assert send(sender, "meanwhile").status_code == 200
    contents = [message["content"] for message in sender.get("/agora/messaging/receive")["messages"]]
    assert sorted(contents) == ["before", "meanwhile"]


def test_calls_are_answered_while_the_space_on_the_disk_cannot_be_measured(
    disk: HangingDisk, server: ServerProcess
) -> None:
    sender = server.register("Sender")
    disk.usage_flag.touch()

    def is_measured() -> bool:
        health = httpx.get(f"{server.url}/health/detail", timeout=ANSWER_SECONDS).json()
        return "disk_free" in health["components"]["disk"]["metrics"]

    poll_until(lambda: not is_measured(), "a sample without the disk")
    assert send(sender, "meanwhile").status_code == 200
    disk.go_on()
    poll_until(is_measured, "the disk is measured again")


def test_server_stops_while_the_space_on_the_disk_cannot_be_measured(
    disk: HangingDisk, start_server: Callable[..., ServerProcess]
) -> None:
    """Neither the health monitor nor an engine of instances keeps it from exiting."""
    server = start_server(process_engine="true", instance_pass="0.5")
    disk.usage_flag.touch()

    def read_unavailable_engines() -> str:
        (host,) = server.operator.get("/hosts")["hosts"]
        return str(host["unavailable"])

    poll_until(lambda: "did not answer" in read_unavailable_engines(), read_unavailable_engines, 30)
    assert server.stop() == 0
