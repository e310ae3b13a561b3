"""One caller's work never takes more than its share: of the event loop, of its rate, of the write queue."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.blackbox.flooding_caller import IN_FLIGHT, frame
from tests.blackbox.server import Account, ServerProcess
from tests.processes import spawn_tethered

CALLS = 40  # of the honest caller
SOCKETS = 8  # of the attacker, each with many calls under way
MOST_BETWEEN = 120  # calls of the attacker for each of the honest caller: well below what it has under way


class Attacker:
    """Counts of a flood that goes on."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def counts(self) -> tuple[int, int]:
        """Calls answered so far, and those of them that were refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answered, refused = map(int, self._process.stdout.readline().split())
        return answered, refused

    def wait_for(self, calls: int, timeout: float = 30) -> None:
        """Wait until so many calls were answered."""
        deadline = time.monotonic() + timeout
        while self.counts()[0] < calls:
            assert time.monotonic() < deadline, "the flood did not begin"


@contextmanager
def flooding(server: ServerProcess, account: Account, call: str) -> Iterator[Attacker]:
    """A flood from another process, once it has begun."""
    command = [
        sys.executable,
        "-m",
        "tests.blackbox.flooding_caller",
        str(server.port),
        account.token,
        str(SOCKETS),
        call,
    ]
    child: Any = spawn_tethered(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        attacker = Attacker(child)
        try:
            attacker.wait_for(SOCKETS * IN_FLIGHT)
            yield attacker
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("Queries", frame("agora.agent.list", limit=500)),
        ("Commands", frame("agora.memory.store", key="k", value="x")),
        ("Refused", frame("agora.nothing.there")),
    ],
)
def test_flood_of_one_agent_leaves_others_their_turns(shared_server: ServerProcess, name: str, call: str) -> None:
    honest, flooder = shared_server.register(f"Honest{name}"), shared_server.register(f"Flood{name}")
    body = {"to_agent": honest.agent_id, "content": "hello"}
    with flooding(shared_server, flooder, call) as attacker:
        before, _ = attacker.counts()
        for _ in range(CALLS // 2):
            honest.post("/agora/messaging/send", body)
            honest.get("/agora/messaging/receive", params={"limit": 5})
        after, _ = attacker.counts()
    assert after - before < MOST_BETWEEN * CALLS


def test_rate_is_charged_by_time_used(start_server: Callable[..., ServerProcess]) -> None:
    """Heavy calls use a rate up sooner than light ones; the refusal says when to come again, and what decides."""
    server = start_server(rate_basic="10")  # and so bursts of 20
    light, heavy = server.register("Light"), server.register("Heavy")
    for _ in range(18):
        light.get("/agora/messaging/receive", params={"limit": 1})
    body = {"to_agent": "Heavy", "content": "x", "metadata": {"numbers": list(range(50_000))}}
    served = 0
    while (answer := heavy.http.post("/agora/messaging/send", json=body)).is_success:
        served += 1
        assert served < 18, "heavy calls are as cheap as light ones"
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert "rate_basic" in answer.json()["detail"]
    assert "processor time" in answer.json()["detail"]
    light.get("/agora/messaging/receive", params={"limit": 1})
