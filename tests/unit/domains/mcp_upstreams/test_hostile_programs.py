"""Misbehaving stdio programs: unusual output, ends, and remaining processes."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from agora.domains.mcp_upstreams.client.pool import ConnectionPool
from agora.domains.mcp_upstreams.port import Endpoint
from agora.net.sealing import Sealer
from agora_sdk.errors import UpstreamFailed
from tests.polling import poll_until
from tests.unit.domains.mcp_upstreams.conftest import QUICK, make

#: a server without libraries, so that it starts fast; its argument selects what it does when called
SERVER = r"""
import json, os, signal, subprocess, sys, time
def say(message): sys.stdout.write(json.dumps(message) + "\n"); sys.stdout.flush()
act = sys.argv[1]
if act == "greet": print("Welcome!\n\n{}\n[1, 2]\n\x1b[31m", flush=True)
if act == "deaf": signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message: continue
    result = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    match message["method"]:
        case "server/discover":
            result |= {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
        case "tools/list":
            result |= {"tools": [{"name": "do", "inputSchema": {"type": "object"}}]}
        case "tools/call":
            result = {"resultType": "complete", "content": [{"type": "text", "text": "done"}]}
            if act == "endless":
                while True: sys.stdout.write("x" * 65536)
            if act == "large": result["content"][0]["text"] = "x" * 3_000_000
            if act == "half": sys.stdout.write('{"jsonrpc": "2.0", "id"'); sys.stdout.flush(); sys.exit(1)
            if act == "child":
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                result["content"][0]["text"] = str(child.pid)
            if act == "complain":
                sys.stderr.write("bad \x1b[2Jthing\n" + "y" * 5000 + "\n"); sys.stderr.flush()
            if act == "deaf": result["content"][0]["text"] = str(os.getpid())
    say({"jsonrpc": "2.0", "id": message["id"], "result": result})
if act == "deaf":
    while True: time.sleep(1)
"""


def program(act: str) -> Endpoint:
    return make(transport="stdio", command=(sys.executable, "-c", SERVER, act), timeout=20.0)


@pytest.fixture(params=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        yield runner


def called(runner: asyncio.Runner, act: str) -> str:
    """Return the answer of the program's tool; afterwards the program is released."""

    async def work() -> str:
        pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK)
        try:
            async with asyncio.timeout(60):
                answer = await pool.send_request(program(act), "tools/call", {"name": "do", "arguments": {}}, 15, None)
            text: str = answer["content"][0]["text"]
            return text
        finally:
            await pool.close()

    return runner.run(work())


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(("act", "size"), [("good", 4), ("greet", 4), ("large", 3_000_000)])
def test_output_between_messages_is_skipped(runner: asyncio.Runner, act: str, size: int) -> None:
    assert len(called(runner, act)) == size


def test_endless_line_is_not_buffered(runner: asyncio.Runner) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        called(runner, "endless")
    assert caught.value.outcome == "unknown"


def test_program_that_dies_within_a_message_is_reported(runner: asyncio.Runner) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        called(runner, "half")
    assert caught.value.outcome == "unknown"


def test_program_and_its_children_end_with_the_connection(runner: asyncio.Runner) -> None:
    pid = int(called(runner, "child"))
    poll_until(lambda: has_ended(pid), "the kernel has ended it")


def test_program_that_ignores_termination_is_killed(runner: asyncio.Runner) -> None:
    """It has ended when released, although that takes longer than the timeout of a cancellation."""
    pid = int(called(runner, "deaf"))
    assert not Path(f"/proc/{pid}").exists()
    gc.collect()  # a warning about a running process would fail this test


def test_stderr_is_logged_without_control_characters(runner: asyncio.Runner, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "agora.domains.mcp_upstreams.client.stdio"):
        called(runner, "complain")
    said: list[Any] = [record.getMessage() for record in caplog.records]
    assert "upstream far says: bad \N{REPLACEMENT CHARACTER}[2Jthing" in said
    assert max(map(len, said)) < 1100
