"""Types of tasks and workflows: the examples of the specification, and an agent that executes tasks."""

from __future__ import annotations

import logging
from typing import Any, assert_type

from agora_sdk import Agent, AgoraClient, AgoraError, PermanentFailure, TaskRun
from agora_sdk.contract.tasks import (
    Claim,
    ClaimedTask,
    Renewal,
    Task,
    TaskEntry,
    TaskOutput,
    TaskPage,
    TaskReceipt,
    TaskStatistics,
    TaskUpdate,
)
from agora_sdk.contract.workers import Worker
from agora_sdk.contract.workflows import Modification, Step, Timeline, Workflow, WorkflowPage, WorkflowReceipt
from agora_sdk.types import MessageType, Priority, TaskStatus


class DocumentationAgent:
    def __init__(self) -> None:
        self.client = AgoraClient()
        self.agent_id: str | None = None

    async def initialize(self) -> None:
        try:
            registration = await self.client.register(
                agent_name="DocumentationAgent", capabilities=["documentation", "review", "editing"]
            )
            self.agent_id = registration.agent_id
            await self.client.messaging.subscribe(
                agent_id=self.agent_id, event_types=["task_assigned", "workflow_updated"]
            )
            await self.client.messaging.send("Team", "I am here.", MessageType.INFO)
        except AgoraError as e:
            logging.error(f"Initialization failed: {e}")
            raise

    async def process_tasks(self) -> None:
        tasks = await self.client.task.list(agent_id=self.agent_id, status=TaskStatus.PENDING)
        for task in tasks:
            try:
                await self.client.task.update(task_id=task.task_id, status=TaskStatus.IN_PROGRESS, progress=0)
                result = await self.process_documentation_task(task)
                await self.client.task.update(
                    task_id=task.task_id, status=TaskStatus.COMPLETED, progress=100, notes=f"Completed: {result}"
                )
            except Exception as e:
                await self.client.task.update(task_id=task.task_id, status=TaskStatus.FAILED, notes=f"Error: {e!s}")

    async def process_documentation_task(self, task: Task) -> str:
        return f"{task.task_type} of {task.payload.get('file')} done"


client = AgoraClient()


def blocking() -> None:
    receipt = client.task.assign("review_document", {"file": "spec.md"}, assignee="ReviewAgent")
    assert_type(receipt, TaskReceipt)
    assert_type(receipt.status, TaskStatus)
    tasks = client.task.list(agent_id="ReviewAgent", status=[TaskStatus.PENDING, TaskStatus.IN_PROGRESS], limit=10)
    assert_type(tasks, TaskPage)
    assert_type(len(tasks), int)
    assert_type(tasks.tasks, list[Task])
    assert_type(tasks.total, int | None)
    assert_type(tasks.has_more, bool)
    assert_type(tasks[0].priority, Priority)
    assert_type(client.task.update(receipt.task_id, TaskStatus.IN_PROGRESS, 10).updated_at.isoformat(), str)
    for entry in client.task.stream(receipt.task_id):
        assert_type(entry, TaskEntry)
    for entry in client.task.history(receipt.task_id):
        assert_type(entry, TaskEntry)
    assert_type(client.task.output(receipt.task_id, 10).next_offset, int)
    assert_type(client.task.statistics(), TaskStatistics)
    assert_type(client.worker.register("gpu-1", models=["llama"]), Worker)


async def claiming() -> None:
    claim = assert_type(await client.task.claim(wait=10, task_types=["review_document"]), Claim)
    assert_type(claim.task, ClaimedTask | None)
    for task in claim.tasks:
        assert_type(await client.task.renew(task.task_id, task.fencing_token, checkpoint={"at": 1}), Renewal)
        output = await client.task.append(task.task_id, "text", offset=0, fencing_token=task.fencing_token)
        assert_type(output, TaskOutput)
        done = await client.task.complete(task.task_id, {"ok": True}, fencing_token=task.fencing_token)
        assert_type(done, TaskUpdate)


async def workflows() -> None:
    workflow = await client.workflow.create(
        workflow_name="data_pipeline",
        steps=[
            Step(name="extract", agent="DataExtractor"),
            Step(name="transform", capability=["transform"], depends_on=["extract"], retries=2),
        ],
        assigned_agents=["DataExtractor"],
    )
    assert_type(workflow, WorkflowReceipt)
    status = assert_type(await client.workflow.status(workflow.workflow_id), Workflow)
    assert_type(status.steps[0].duration_seconds, float | None)
    assert_type(await client.workflow.modify(workflow.workflow_id, "skip", "transform"), Modification)
    assert_type(await client.workflow.list(), WorkflowPage)
    assert_type(await client.workflow.timeline(workflow.workflow_id), Timeline)


class Reviewer(Agent):
    capabilities = ["review"]
    task_types = ["review_document"]
    models = ("llama",)
    lease_seconds = 30
    worker = "reviewer-1"

    async def on_task(self, task: TaskRun) -> dict[str, Any]:
        file = task.payload.get("file")
        if not isinstance(file, str):
            raise PermanentFailure("there is no file to review")
        done = (task.checkpoint or {}).get("line", 0)
        assert_type(await task.report(40, notes="reading", milestone="read"), None)
        assert_type(await task.save({"line": done}), None)
        assert_type(await task.write("looks good\n"), None)
        assert_type(task.fencing_token, int)
        return {"file": file, "verdict": "good"}


class Counter(Agent):
    async def on_task(self, task: TaskRun) -> int:
        return len(task.payload)
