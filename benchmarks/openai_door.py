"""A chat completion by an agent of the SDK, compared with the equivalent ``SendMessage`` of A2A 1.0.

Prints server CPU time per request: the agent is a separate process, which is not counted. The A2A path is the anchor;
the ratio is the cost of OpenAI's format.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import load, process
from tests.openai_agent import NAME
from tests.processes import spawn_tethered

ROUNDS, SECONDS, CONNECTIONS = 7, 3.0, 8
TEXT = f"{load.COUNTER} " + "x" * 200
_MESSAGE = {"messageId": f"m-{load.COUNTER}", "role": "ROLE_USER", "parts": [{"text": TEXT}]}
_CHAT = {"model": NAME, "messages": [{"role": "user", "content": TEXT}]}
#: path, body, headers, and a text that marks a successful answer
PATHS = {
    "SendMessage": (
        "/a2a/Assistant",
        {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": _MESSAGE}},
        {"A2A-Version": "1.0"},
        b"TASK_STATE_COMPLETED",
    ),
    "SendStreamingMessage": (
        "/a2a/Assistant",
        {"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": {"message": _MESSAGE}},
        {"A2A-Version": "1.0"},
        b"TASK_STATE_COMPLETED",
    ),
    "completion": ("/v1/chat/completions", _CHAT, {}, b'"finish_reason":"stop"'),
    "streamed completion": ("/v1/chat/completions", _CHAT | {"stream": True}, {}, b"[DONE]"),
}
ANCHORS = {"completion": "SendMessage", "streamed completion": "SendStreamingMessage"}


@contextmanager
def _assistant(server: process.Server) -> Iterator[None]:
    """Run the agent in a separate process."""
    command = [sys.executable, "-m", "tests.openai_agent", server.url]
    agent = spawn_tethered(command, stdout=subprocess.PIPE)
    assert agent.stdout is not None
    try:
        assert agent.stdout.readline(), "the agent did not start"
        yield
    finally:
        agent.terminate()
        agent.wait(10)
        agent.stdout.close()


def _register(server: process.Server) -> str:
    body = json.dumps({"agent_name": "Sender", "service_tier": "enterprise"}).encode()
    request = urllib.request.Request(f"{server.url}/agents/register", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["token"])


def _measure(server: process.Server, kind: str, token: str, seconds: float) -> float:
    """Measure microseconds of server CPU time per request."""
    path, document, extra, mark = PATHS[kind]
    headers = {"Authorization": f"Bearer {token}", **extra}
    body = json.dumps(document)
    first = body.replace(load.COUNTER, f"first {kind}").encode()
    request = urllib.request.Request(f"{server.url}{path}", first, headers | {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        answer = response.read()
    assert mark in answer, answer[:500]
    spec = load.Spec("127.0.0.1", server.port, "POST", path, [body], headers, CONNECTIONS, seconds)
    before = server.cpu()
    report = load.run(spec)
    assert report.failures == 0, f"{report.failures} requests failed"
    return (server.cpu() - before) / report.requests * 1e6


def main(rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    times: dict[str, list[float]] = {kind: [] for kind in PATHS}
    with (
        tempfile.TemporaryDirectory() as directory,
        process.agora(Path(directory), rate_enterprise="1000000", rate_basic="1000000") as server,
        _assistant(server),
    ):
        token = _register(server)
        for _ in range(rounds):
            for kind, samples in times.items():
                samples.append(_measure(server, kind, token, seconds))
    for kind, anchor in ANCHORS.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(times[kind], times[anchor], strict=True))
        print(f"{anchor:<22}{statistics.median(times[anchor]):8.0f} us CPU a request (anchor)")
        print(f"{kind:<22}{statistics.median(times[kind]):8.0f} us CPU a request (ratio {ratio:.2f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    main(**vars(parser.parse_args()))
