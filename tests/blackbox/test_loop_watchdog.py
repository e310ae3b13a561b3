"""The watchdog reports when and where the event loop was blocked: in the log, the metrics and the health."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.blackbox.server import ServerProcess
from tests.polling import poll_until

#: run by Python before the server: signals block the loop's thread in a function that appears by name in a stack trace
BLOCKER = """
import signal, time

def compute_for_ever(*_):
    deadline = time.thread_time() + 1.5
    while time.thread_time() < deadline:
        pass

def wait_for_a_lock(*_):
    time.sleep(1.5)  # the stall under test

signal.signal(signal.SIGUSR1, compute_for_ever)
signal.signal(signal.SIGUSR2, wait_for_a_lock)
"""


def _wait_for_log(server: ServerProcess, pattern: str) -> re.Match[str]:
    match = poll_until(
        lambda: re.search(pattern, server.log(), re.DOTALL), lambda: f"{pattern} in the log:\n{server.log()[-3000:]}"
    )
    assert match is not None
    return match


def _stalls(server: ServerProcess) -> float:
    text = server.operator.http.get("/metrics").text
    return float(text.split("\nagora_event_loop_stalls_total ")[1].split()[0])


@pytest.fixture
def start_blocking_server(
    start_server: Callable[..., ServerProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ServerProcess]:
    """Start servers whose loop is blocked by a signal."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return start_server


def test_blocked_loop_is_logged_counted_and_shown(start_blocking_server: Callable[..., ServerProcess]) -> None:
    server = start_blocking_server(loop_stall_seconds="0.5")
    agent, operator = server.register("Watcher"), server.operator
    path = "/health/detail"
    before = _stalls(server)  # on a busy machine, the first calls may block the loop as long

    os.kill(server.pid, signal.SIGUSR1)
    line = _wait_for_log(server, r"blocked for .*?in compute_for_ever.*?runs again after [\d.]+ s, ([\d.]+) s")
    assert float(line[1]) > 1.0, "it computed"
    os.kill(server.pid, signal.SIGUSR2)
    line = _wait_for_log(server, r"in wait_for_a_lock.*?runs again after [\d.]+ s, ([\d.]+) s of them on the CPU")
    assert float(line[1]) < 0.5, "it waited"

    shown = operator.get(path)["components"]["event_loop"]
    assert before + 2 <= shown["metrics"]["stalls"] <= _stalls(server)
    assert "wait_for_a_lock" in shown["stack"]
    for stranger in (agent, server.account("agt_nonsense_nonsense")):
        shown = stranger.get(path)["components"]["event_loop"]
        assert shown["metrics"]["stalls"] >= before + 2
        assert shown["stack"] is None


def test_suspended_process_is_not_reported_as_a_stall(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(loop_stall_seconds="1.5")
    before = _stalls(server)
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(3.5)  # this test checks that such time does not count
    os.kill(server.pid, signal.SIGCONT)
    assert server.operator.get("/health")["status"] == "healthy"
    assert _stalls(server) == before


def test_threshold_of_zero_disables_the_watchdog(start_blocking_server: Callable[..., ServerProcess]) -> None:
    server = start_blocking_server(loop_stall_seconds="0")
    os.kill(server.pid, signal.SIGUSR2)
    assert server.operator.get("/health/detail")["components"]["event_loop"]["detail"] == "never blocked"
    assert _stalls(server) == 0
