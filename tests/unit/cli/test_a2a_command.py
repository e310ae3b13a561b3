"""Chat with A2A agents from the command line."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from agora.cli.app import build_application
from tests.stand_in_http import serve_http
from tests.unit.cli.conftest import Agora, Served


def test_message_is_answered(served: Served, agora: Agora) -> None:
    assert agora("a2a", served.url, "--message", "Calculate 25 * 4").stdout == "The result is 100\n"
    assert agora("a2a", "--message", "Calculate 25 * 4", served.url).stdout == "The result is 100\n"
    assert agora("a2a", "talk", "-m", "Calculate 100 / 4").stdout == "The result is 25.0\n"
    assert agora("a2a", f"{served.url}/a2a/Echo%20Agent", "-m", "hello").stdout == "hello\n"
    card = f"{served.url}/a2a/Echo%20Agent/.well-known/agent-card.json"
    assert agora("a2a", card, "-m", "hello").stdout == "hello\n"


def test_answer_is_streamed(served: Served, agora: Agora) -> None:
    said = agora("a2a", served.url, "--stream", "--message", "Analyze this text").stdout
    assert "Statistics: 3 words" in said
    assert said.endswith("\n")


def test_json_output(served: Served, agora: Agora) -> None:
    task = json.loads(agora("a2a", served.url, "-m", "Calculate 1 + 1", "--json").stdout)
    assert task["status"]["state"] == "TASK_STATE_COMPLETED"
    lines = agora("a2a", served.url, "-m", "Calculate 1 + 1", "--json", "--stream").stdout.splitlines()
    assert "task" in json.loads(lines[0])
    assert json.loads(lines[-1])["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


def test_failure_sets_the_exit_code(served: Served, agora: Agora) -> None:
    assert "Division by zero" in agora("a2a", served.url, "-m", "Calculate 1 / 0", exit_code=1).stdout
    assert "cannot be reached" in agora("a2a", "http://127.0.0.1:9", "-m", "x", exit_code=7).stderr
    assert "not the address" in agora("a2a", "ftp://nowhere", "-m", "x", exit_code=2).stderr
    assert agora("a2a", served.url, "--auth", "wrong", "-m", "x", exit_code=3).stderr.startswith("Error: ")


def test_without_a_message_a_chat_starts(served: Served, agora: Agora, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_URL", served.url)
    typed = "Calculate 2 + 3\n\n/task\n/card\n/new\n/unknown\nCalculate 1 / 0\n/quit\nCalculate 9 + 9\n"
    result = CliRunner().invoke(build_application(), ["a2a", served.url], input=typed)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("The result is 5") == 2
    assert '"supportedInterfaces"' in result.stdout
    assert "Division by zero" in result.stdout
    assert "The result is 18" not in result.stdout


def test_a2a_operations_remain_subcommands(served: Served, agora: Agora) -> None:
    assert "talk" in agora("a2a", "--help").stdout
    assert "Calculator" in agora("a2a", "catalogue").stdout


async def test_token_is_not_sent_to_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens: list[str | None] = []

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        tokens.append(headers.get("authorization"))
        return 404, {}

    monkeypatch.setenv("AGORA_TOKEN", "secret")
    run = CliRunner().invoke
    async with serve_http(answer) as url:
        await asyncio.to_thread(run, build_application(), ["a2a", url, "-m", "Echo hi"])
        assert set(tokens) == {None}
        tokens.clear()
        await asyncio.to_thread(run, build_application(), ["a2a", "-m", "Echo hi", "--url", url])
        assert set(tokens) == {"Bearer secret"}
