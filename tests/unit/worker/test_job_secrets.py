"""Secrets of a job never leave the worker: they are masked in output for any chunking, and in results, artifacts and
errors."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from agora.worker.codebases import Codebase
from agora.worker.driver import AgentDied
from agora.worker.job_secrets import MaskedRun, SecretMask, mask_exception
from agora.worker.job_state import JobState
from agora.worker.registry import CodebaseRegistry
from agora.worker.results import submit_for_review_or_note_error
from agora.worker.turns import take_snapshot_and_record_turn
from agora.worker.worktree import open_workplace
from agora_sdk import InputRequired, PermanentFailure, Postponed, Rejected, TaskRun
from agora_sdk.errors import InvalidRequest, Overloaded, field_error
from tests.blackbox.coding_worker import create_repository

if TYPE_CHECKING:
    from agora.worker.options import WorkerOptions

SECRET = "abcabd-s3cret"


class RecordingRun:
    """Records what reaches the server."""

    def __init__(self) -> None:
        self.text, self.values, self.task_id = "", [], "tsk_1"

    async def write(self, text: str) -> None:
        self.text += text

    async def save(self, checkpoint: Any) -> None:
        self.values.append(checkpoint)

    async def artifact(self, parts: Any, **_: Any) -> None:
        self.values.append(parts)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_output_is_masked_for_any_chunking(size: int) -> None:
    inner = RecordingRun()
    run = MaskedRun(cast("TaskRun", inner), SecretMask([SECRET, "another-one"]))
    text = f"abcabc {SECRET}{SECRET} another-on and another-one abcab"
    for start in range(0, len(text), size):
        await run.write(text[start : start + size])
        assert SECRET not in inner.text
    await run.write_withheld_text()
    assert inner.text == "abcabc ****** another-on and *** abcab"
    await run.save({"text": SECRET, SECRET: [SECRET, 7]})
    await run.artifact([{"text": f"x{SECRET}"}], name="diff")
    assert inner.values == [{"text": "***", "***": ["***", 7]}, [{"text": "x***"}]]
    assert run.task_id == "tsk_1"


async def test_secret_split_by_a_question_is_masked() -> None:
    inner, mask = RecordingRun(), SecretMask([SECRET])
    first = MaskedRun(cast("TaskRun", inner), mask)
    await first.write(f"It is {SECRET[:7]}")
    rest = first.take_withheld_text()
    await first.write_withheld_text()
    second = MaskedRun(cast("TaskRun", inner), mask, rest)
    await second.write(f"{SECRET[7:]}, I think")
    await second.write_withheld_text()
    assert inner.text == "It is ***, I think"


def test_questions_and_failures_are_masked() -> None:
    mask = SecretMask([SECRET])
    question = mask_exception(InputRequired(f"May I run {SECRET}?", data={"a": SECRET}, schema={"b": SECRET}), mask)
    assert isinstance(question, InputRequired)
    assert (question.question, question.data, question.schema) == ("May I run ***?", {"a": "***"}, {"b": "***"})
    assert str(mask_exception(PermanentFailure(SECRET), mask)) == "***"
    pause = mask_exception(Postponed(f"Limit of {SECRET}.", 7), mask)
    assert isinstance(pause, Postponed)
    assert (pause.reason, pause.seconds) == ("Limit of ***.", 7)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (Rejected(f"no {SECRET}"), Rejected, "no ***"),
        (Overloaded(f"no {SECRET}", fix=f"not {SECRET}"), Overloaded, "no *** not ***"),
        (AgentDied(f"It ended: {SECRET}"), RuntimeError, "AgentDied: It ended: ***"),
        (OSError(2, "No such file", SECRET), RuntimeError, "FileNotFoundError: [Errno 2] No such file: '***'"),
        (ValueError("without"), ValueError, "without"),
    ],
)
def test_errors_of_every_kind_are_masked(error: Exception, kind: type[Exception], text: str) -> None:
    masked = mask_exception(error, SecretMask([SECRET]))
    assert (type(masked), str(masked)) == (kind, text)


def test_further_members_of_an_error_are_masked() -> None:
    error = InvalidRequest(f"no {SECRET}", errors=[field_error("prompt", f"not {SECRET}")], retry_after=3)
    masked = mask_exception(error, SecretMask([SECRET]))
    assert isinstance(masked, InvalidRequest)
    assert SECRET not in json.dumps(masked.problem())
    assert SECRET not in repr(masked)
    assert (masked.errors, masked.retry_after) == ([{"field": "prompt", "message": "not ***"}], 3)


async def test_what_a_review_and_a_turn_store_is_masked(tmp_path: Path) -> None:
    codebase = Codebase.from_directory(create_repository(tmp_path / "api"))
    registry = CodebaseRegistry(cast("WorkerOptions", SimpleNamespace(codebases=[codebase])))
    registry.add_codebase(codebase, "cb_1")
    masked = registry.with_mask(SecretMask([SECRET]))
    calls: list[str] = []

    async def record_call(*arguments: Any, **options: Any) -> None:
        calls.append(json.dumps([arguments, options]))

    client = SimpleNamespace(review=SimpleNamespace(submit=record_call), turn=SimpleNamespace(record=record_call))
    run = SimpleNamespace(task_id="task_1", fencing_token=1)
    state = JobState(session_id="ses_1")
    async with open_workplace(codebase, tmp_path / "worktrees", "job", isolated=True) as place:
        (place.path / "notes").write_text(f"The key is {SECRET}.\n")
        (place.path / SECRET).write_text("")
        prompt = f"You asked for permission: curl -H {SECRET}. The answer: no"
        await take_snapshot_and_record_turn(cast("Any", client), cast("Any", run), place, state, masked, prompt)
        await place.commit_changes("notes")
        await submit_for_review_or_note_error(
            cast("Any", client), cast("Any", run), place, state, masked, f"Use {SECRET}", calls.append
        )
    turn, review = calls
    assert "curl -H ***." in turn
    assert "The key is ***." in review
    assert SECRET not in turn + review
