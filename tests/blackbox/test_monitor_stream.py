"""The event stream of a monitor page: compressed, rate-limited, and without unchanged rows."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

import httpx
import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import ServerProcess

AGENTS = 30


@pytest.fixture(scope="module")
def browser(shared_server: ServerProcess) -> Iterator[Browser]:
    for number in range(AGENTS):
        shared_server.register(f"Agent {number:02}", description=f"Number {number} of them")
    with Browser(shared_server.url) as person:
        yield person


def _messages(stream: httpx.Response) -> Iterator[str]:
    """Yield the messages of a stream as they arrive; each ends with an empty line."""
    text = ""
    for piece in stream.iter_text():
        text += piece
        *whole, text = text.split("\n\n")
        yield from whole


def test_pages_and_streams_are_compressed_if_accepted(browser: Browser) -> None:
    def load(encoding: str) -> httpx.Response:
        return browser.http.get("/v1/monitor/agents", headers={"accept-encoding": encoding})

    def size(page: httpx.Response) -> int:
        return int(page.headers["content-length"])

    assert "content-encoding" not in load("identity").headers
    assert "content-encoding" not in load("gzip;q=0").headers
    assert load("gzip, br").headers["content-encoding"] == "gzip"
    assert size(load("gzip")) < size(load("identity")) / 4
    with browser.http.stream("GET", "/v1/monitor/live/agents", headers={"accept-encoding": "gzip"}) as stream:
        assert stream.headers["content-encoding"] == "gzip"
        first = next(stream.iter_raw())  # readable immediately, while the stream continues
        assert b"connected" in zlib.decompressobj(31).decompress(first)


def test_only_rows_that_changed_are_sent(shared_server: ServerProcess, browser: Browser) -> None:
    operator = shared_server.operator
    agents = {each["agent_name"]: each["agent_id"] for each in operator.get("/agents?limit=100")["agents"]}
    with browser.http.stream("GET", "/v1/monitor/live/agents") as stream:
        messages = _messages(stream)
        next(messages)

        def next_rows(name: str) -> str:
            path = f"/agents/{agents[name]}"
            operator.call("PATCH", path, json={"description": f"Changed: {name}"})
            return next(message for message in messages if "agent_rows" in message and f"Changed: {name}" in message)

        whole = next_rows("Agent 03")
        assert whole.count("Number ") == AGENTS - 1
        second = next_rows("Agent 04")
        assert second.count("data-same") == AGENTS - 1
        assert "Number " not in second
        assert len(second) < len(whole) / 4


def test_burst_causes_at_most_four_updates_per_second(shared_server: ServerProcess, browser: Browser) -> None:
    with browser.http.stream("GET", "/v1/monitor/live/", headers={"accept-encoding": "identity"}) as stream:
        began = time.monotonic()
        pieces = stream.iter_raw()
        next(pieces)
        # Each event affects every fragment of the dashboard. The burst lasts for several updates.
        for number in range(150):
            shared_server.operator.post("/agora/task/assign", {"task_type": f"burst_{number}", "assignee": "Agent 00"})
        updates = 1
        while "burst_149" not in next(pieces).decode():
            updates += 1
        # Data that waited in the socket arrives as one piece: slow reading reduces the count, and never increases it.
        assert updates <= 4 * (time.monotonic() - began) + 2
