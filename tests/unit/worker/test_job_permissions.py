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


def _ask(command: str) -> PermissionRequest:
    return PermissionRequest.from_tool_call({"kind": "execute", "title": command}, OPTIONS)


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
    assert "make test" in str(await job._choose_prompt())
    other = asyncio.create_task(job._decide_permission(_ask("git push --force")))
    await asyncio.wait([other], timeout=0.1)
    assert not other.done(), "a person decides it"
    granted = await asyncio.wait_for(job._decide_permission(_ask("make test")), 1)
    assert granted.option is not None
    assert granted.option.kind == "allow_once"
    again = asyncio.create_task(job._decide_permission(_ask("make test")))
    await asyncio.wait([again], timeout=0.1)
    assert not again.done(), "it was allowed once"
    for decision in (other, again):
        decision.cancel()
    await job._writer.close()
