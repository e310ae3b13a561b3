"""The earlier tasks of a context, as a model reads them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from agora.agent_runner.conversation import read_earlier_tasks
from agora_sdk.client import AgoraClient
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.taskrun import TaskRun


async def test_structured_answer_is_json() -> None:
    """Not Python: the model takes the form for its own next answer."""
    earlier = SimpleNamespace(
        task_id="task_1",
        created_by="agent_r",
        assigned_agent="agent_a",
        task_type="a2a.message",
        payload={"text": "Is it done?"},
        status=TaskStatus.COMPLETED,
        result={"done": True, "note": None},
    )

    async def list_tasks(**filters: Any) -> Any:
        return SimpleNamespace(tasks=[earlier])

    async def get_task(task_id: str) -> Any:
        return earlier

    client = SimpleNamespace(task=SimpleNamespace(list=list_tasks, get=get_task))
    task = SimpleNamespace(task_id="task_2", context_id="ctx", created_by="agent_r", assigned_agent="agent_a")
    _, answer = await read_earlier_tasks(cast("AgoraClient", client), cast("TaskRun", task))
    assert [part.content for part in answer.parts] == ['{"done": true, "note": null}']  # type: ignore[union-attr]
