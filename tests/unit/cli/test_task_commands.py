"""Task commands against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from agora.cli.app import build_application
from agora_sdk import Agent, AgoraClient, InputRequired, PermanentFailure, TaskRun
from tests.polling import poll_until
from tests.unit.cli.background_agents import at_work
from tests.unit.cli.conftest import Agora, Served


class Reader(Agent):
    """Writes its input to the output, or fails."""

    name = "CliReader"
    max_concurrent_tasks = 4

    async def on_task(self, task: TaskRun) -> Any:
        if task.task_type == "burn":
            raise PermanentFailure("no books are burnt")
        await task.report(10, "opened the book", milestone="begun")
        for line in task.payload["lines"]:
            await task.write(line + "\n")
        return {"lines": len(task.payload["lines"])}


@pytest.fixture
def reader(served: Served) -> Iterator[None]:
    with at_work(served, Reader):
        yield


def lines(*text: str) -> tuple[str, str]:
    return "--payload", json.dumps({"lines": text})


def test_task_is_assigned_listed_shown_and_cancelled(agora: Agora, answer: Agora) -> None:
    receipt = answer("task", "assign", "translate", *lines("one"), "--to", "CliNobody-Yet", "--priority", "high")
    assert (receipt["status"], bool(receipt["warning"])) == ("pending", True)
    spoken = agora("task", "assign", "translate", "--payload", "page=3", "--assignee", "CliNobody-Yet")
    assert spoken.stdout.startswith("pending task_")
    assert "CliNobody-Yet" in spoken.stderr, "why it may take longer"
    listed = agora("task", "list", "--task-type", "translate", "--sort", "priority")
    heading, _, first, *_ = [line.split() for line in listed.stdout.splitlines() if line.strip()]
    assert heading[:6] == ["id", "type", "status", "agent", "progress", "priority"]
    assert first[:6] == [receipt["task_id"], "translate", "pending", "CliNobody-Yet", "0%", "high"]
    agora("task", "cancel", receipt["task_id"], "--reason", "changed my mind")
    shown = agora("task", "show", receipt["task_id"])
    assert "cancelled" in shown.stdout
    assert "changed my mind" in shown.stdout.split("History")[1]
    told = answer("task", "show", receipt["task_id"])
    assert told["task"]["status"] == "cancelled"
    assert [entry["type"] for entry in told["history"]] == ["status", "done"]
    assert "done" in agora("task", "history", receipt["task_id"]).stdout
    agora("task", "show", "task_" + "0" * 32, exit_code=4)


def test_payload_may_be_positional(answer: Agora, agora: Agora) -> None:
    by_position = answer("task", "assign", "file_it", '{"file": "spec.md"}', "CliNobody-Yet")
    whole = answer("task", "assign", '{"task_type": "file_it", "payload": {"file": "spec.md"}}')
    for receipt in (by_position, whole):
        assert answer("task", "get", receipt["task_id"])["payload"] == {"file": "spec.md"}
        agora("task", "cancel", receipt["task_id"])
    agora("task", "assign", "file_it", "not an object", exit_code=2)


def test_task_is_watched_to_its_end(reader: None, agora: Agora) -> None:
    seen = agora("task", "assign", "read", *lines("one", "t\x1b[31mwo"), "--to", "CliReader", "--watch")
    first, *output, last, result = seen.stdout.splitlines()
    task_id = first.removeprefix("pending ")
    assert output == ["one", "t\N{REPLACEMENT CHARACTER}[31mwo"], "what others write does not steer the terminal"
    assert (last, json.loads(result)) == (f"completed {task_id}", {"lines": 2})
    assert "milestone" in seen.stderr
    assert "opened the book" in seen.stderr
    failed = agora("task", "assign", "burn", "--to", "CliReader", "--watch", exit_code=1)
    assert failed.stdout.splitlines()[1:] == [f"failed {failed.stdout.split()[1]}", "no books are burnt"]


def test_watch_as_json_prints_the_receipt_and_entries(reader: None, agora: Agora) -> None:
    seen = agora("task", "assign", "read", *lines("a\x1bb"), "--to", "CliReader", "--watch", "--json")
    receipt, *entries = map(json.loads, seen.stdout.splitlines())
    assert {entry["task_id"] for entry in entries} == {receipt["task_id"]}
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["content"] for entry in entries if entry["type"] == "output"] == ["a\x1bb\n"]
    assert (entries[-1]["type"], entries[-1]["status"]) == ("done", "completed")


def test_output_is_read_and_followed(reader: None, agora: Agora, answer: Agora, served: Served) -> None:
    task_id = answer("task", "assign", "read", *lines("one", "two", "three"), "--to", "CliReader")["task_id"]
    assert agora("task", "output", task_id, "--follow").stdout == "one\ntwo\nthree\n"
    assert agora("task", "output", task_id).stdout == "one\ntwo\nthree\n"
    assert agora("task", "output", task_id, "--offset", "5").stdout == "wo\nthree\n"
    assert agora("task", "output", task_id, "5", "--follow").stdout == "wo\nthree\n"
    part = agora("task", "output", task_id, "--limit", "3")
    assert part.stdout == "one"
    assert "--offset 3" in part.stderr
    assert answer("task", "output", task_id, "--limit", "3")["next_offset"] == 3
    followed = agora("task", "output", task_id, "--follow", "--json").stdout.splitlines()
    assert [json.loads(line)["content"] for line in followed] == ["one\n", "two\n", "three\n"]
    burnt = answer("task", "assign", "burn", "--to", "CliReader")["task_id"]
    agora("task", "output", burnt, "--follow", exit_code=1)


def test_output_longer_than_one_call_is_read_to_its_end(agora: Agora, served: Served) -> None:
    with AgoraClient(served.url) as client:
        client.register("CliWriter")
        task_id = client.task.assign("write", assignee="CliWriter").task_id
        for letter in "ab":
            client.task.append(task_id, letter * 200_000)
        assert agora("task", "output", task_id).stdout == "a" * 200_000 + "b" * 200_000
        client.task.cancel(task_id)


class Coder(Agent):
    """A worker of one's own, whose jobs have results of any form."""

    name = "CliCoder"
    capabilities = ("coding",)

    async def on_task(self, task: TaskRun) -> Any:
        return json.loads(task.payload["prompt"])


@pytest.mark.parametrize("result", ["done", 7, {"usage": None}, {"usage": "little", "files": ["a.py"]}])
def test_result_of_a_job_may_have_any_form(agora: Agora, served: Served, result: Any) -> None:
    with at_work(served, Coder):
        printed = agora("job", "run", json.dumps(result), "--follow").stdout
    for value in result.values() if isinstance(result, dict) else (result,):
        assert value is None or str(value).strip("[]'") in printed


class Asker(Agent):
    """Asks two questions about each message, with output in between."""

    name = "CliAsker"

    async def on_task(self, task: TaskRun) -> Any:
        answers = [message.text for message in task.history[1:]] + [task.message.text]
        await task.write(f"Heard {answers[-1]}.\n")
        if len(answers) < 3:
            raise InputRequired(f"Question {len(answers)}?")
        return {"text": " ".join(answers)}


def test_chat_prints_the_newest_question(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_URL", served.url)
    monkeypatch.setenv("AGORA_DATA_DIR", str(served.data_dir))
    with at_work(served, Asker):
        look_up = ["agent", "get", "CliAsker"]
        poll_until(lambda: CliRunner().invoke(build_application(), look_up).exit_code == 0, "the agent is registered")
        ended = CliRunner().invoke(build_application(), ["chat", "CliAsker"], input="hello\none\ntwo\n")
    assert ended.exit_code == 0, (ended.stdout, ended.stderr)
    assert [line for line in ended.stdout.splitlines() if line.startswith("? ")] == ["? Question 1?", "? Question 2?"]
