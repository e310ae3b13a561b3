"""Permissions that were decided while no agent waited for them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from agora.worker.job import Job
from agora.worker.permissions import Approval, PermissionRequest

OPTIONS = [
    {"optionId": "once", "kind": "allow_once", "name": "Allow once"},
    {"optionId": "reject", "kind": "reject_once", "name": "Reject"},
]


def _ask(command: str, title: str | None = None) -> PermissionRequest:
    call = {"kind": "execute", "title": title or command, "rawInput": {"command": command}}
    return PermissionRequest.from_tool_call(call, OPTIONS)


def test_a_call_is_the_same_only_with_the_same_input_and_content() -> None:
    """A title may stay the same while the command or the diff changes."""
    asked = PermissionRequest.from_document(_ask("make test", "Run the tests").to_document())
    assert _ask("make test", "Run the tests").is_same_call(asked)
    assert not _ask("rm -r .", "Run the tests").is_same_call(asked)

    def edit(text: str) -> PermissionRequest:
        diff = {"type": "diff", "path": "a.py", "oldText": None, "newText": text}
        return PermissionRequest.from_tool_call({"kind": "edit", "title": "a.py", "content": [diff]}, OPTIONS)

    assert edit("good").is_same_call(PermissionRequest.from_document(edit("good").to_document()))
    assert not edit("bad").is_same_call(PermissionRequest.from_document(edit("good").to_document()))


async def test_an_answer_applies_only_to_the_call_that_was_asked_for(tmp_path: Path) -> None:
    """The agent's successor may begin with another call."""

    async def read_history(task_id: str, **_: Any) -> Any:
        message = {"role": "ROLE_USER", "parts": [{"text": "once"}]}
        return SimpleNamespace(entries=[SimpleNamespace(type="message", number=1, data=message)], next_cursor=None)

    asked = {"asked": _ask("make test").to_document(), "is_prompted": True}
    task = SimpleNamespace(
        task_id="tsk_1",
        task_type="other",
        payload={"prompt": "p"},
        required_model=None,
        checkpoint=asked,
        output_size=0,
    )
    client = SimpleNamespace(task=SimpleNamespace(history=read_history))
    none: Any = None
    job = Job(cast(Any, task), cast(Any, client), cast(Any, SimpleNamespace(approval=Approval.NONE)), none, none, none)
    job._place = cast(Any, SimpleNamespace(path=tmp_path))
    assert "make test" in str(await job._take_or_build_first_prompt())
    other = asyncio.create_task(job._decide_permission(_ask("git push --force")))
    await asyncio.wait([other], timeout=0.1)
    assert not other.done(), "a person decides it"
    granted = await asyncio.wait_for(job._decide_permission(_ask("make test")), 60)
    assert granted.option is not None
    assert granted.option.kind == "allow_once"
    again = asyncio.create_task(job._decide_permission(_ask("make test")))
    await asyncio.wait([again], timeout=0.1)
    assert not again.done(), "it was allowed once"
    for decision in (other, again):
        decision.cancel()
    await job._writer.close()
