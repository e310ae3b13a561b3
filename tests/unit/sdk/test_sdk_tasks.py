"""Agents that execute tasks, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from agora_sdk import Agent, AgoraClient, PermanentFailure, TaskRun
from agora_sdk.backoff import Backoff
from agora_sdk.contract.tasks import Task
from agora_sdk.errors import Conflict, InvalidRequest, StaleLease
from agora_sdk.types import TaskStatus
from tests.harness import ManualClock, Running
from tests.polling import wait_until

WAIT = 60


class Worker(Agent):
    """Records its calls, and does as the payload says."""

    backoff = Backoff(first=0.0)
    capabilities = ("work",)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.got: asyncio.Queue[TaskRun] = asyncio.Queue()
        self.go = asyncio.Event()
        self.cancelled: list[str] = []
        self.lost = asyncio.Event()

    async def on_task(self, task: TaskRun) -> Any:
        self.got.put_nowait(task)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.append(task.task_id)
            self.lost.set()
            raise
        return task.payload

    async def next(self) -> TaskRun:
        return await asyncio.wait_for(self.got.get(), WAIT)


@asynccontextmanager
async def living(*agents: Agent) -> AsyncIterator[None]:
    """Run agents until the block ends."""
    lives = [asyncio.create_task(agent.serve()) for agent in agents]
    try:
        yield
        for agent in agents:
            agent.stop()
        await asyncio.wait_for(asyncio.gather(*lives), WAIT)
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)


@pytest.fixture
async def boss(server: Running) -> AsyncIterator[AgoraClient]:
    """The requester of the tasks."""
    async with AgoraClient(server.url) as client:
        await client.register("Boss")
        yield client


async def ended(client: AgoraClient, task_id: str) -> Task:
    """Return a task when it has ended."""
    async with asyncio.timeout(WAIT):
        async for _ in client.task.stream(task_id):
            pass
    return await client.task.get(task_id)


async def test_task_is_completed_with_progress_output_and_history(server: Running, boss: AgoraClient) -> None:
    class Reviewer(Agent):
        async def on_task(self, task: TaskRun) -> Any:
            await task.report(40, "reading", milestone="read")
            await task.write("line one\n")
            await task.write("line two\n")
            await task.save({"line": 2})
            await task.report(80)
            with pytest.raises(Conflict, match="cannot decrease"):
                await task.report(10)
            return {"verdict": "good", "of": task.payload["file"]}

    async with living(Reviewer(url=server.url)):
        receipt = await boss.task.assign("review_document", {"file": "spec.md"}, assignee="Reviewer")
        task = await ended(boss, receipt.task_id)
    assert (task.status, task.result, task.progress) == (
        TaskStatus.COMPLETED,
        {"verdict": "good", "of": "spec.md"},
        100,
    )
    assert (task.milestone, task.notes, task.checkpoint, task.attempts) == ("read", "reading", {"line": 2}, 1)
    assert (await boss.task.output(task.task_id)).content == "line one\nline two\n"
    trail = [(entry.type, entry.status) async for entry in boss.task.history(task.task_id)]
    assert trail[0] == ("status", "pending")
    assert trail[-1] == ("done", "completed")
    assert "milestone" in [kind for kind, _ in trail]


async def test_tasks_beyond_capacity_go_to_another_process(server: Running, boss: AgoraClient) -> None:
    class Pair(Worker):
        max_concurrent_tasks = 2

    first, second = Pair(url=server.url), Pair(url=server.url)
    receipts = [await boss.task.assign("work", {"n": n}, assignee="Pair") for n in range(5)]
    async with living(first):
        mine = [await first.next(), await first.next()]
        async with living(second):
            others = [await second.next(), await second.next()]
            assert first.got.empty()
            assert second.got.empty()
            assert first.agent_id == second.agent_id, "one agent, two processes"
            first.go.set()
            mine.append(await first.next())
            second.go.set()
            results = [(await ended(boss, receipt.task_id)).result for receipt in receipts]
    assert results == [{"n": n} for n in range(5)]
    assert len({task.task_id for task in (*mine, *others)}) == 5


async def test_failed_attempt_is_continued_by_the_next(server: Running, boss: AgoraClient) -> None:
    class Unlucky(Agent):
        async def on_task(self, task: TaskRun) -> Any:
            await task.write(f"attempt {task.attempts}\n")
            if task.attempts == 1:
                await task.save({"half": True})
                raise ValueError("bad luck")
            return task.checkpoint

    async with living(Unlucky(url=server.url)):
        receipt = await boss.task.assign("work", assignee="Unlucky", retry_backoff=0)
        task = await ended(boss, receipt.task_id)
    assert (task.status, task.result, task.attempts) == ("completed", {"half": True}, 2)
    assert (await boss.task.output(task.task_id)).content == "attempt 1\nattempt 2\n"


async def test_each_kind_of_failure_has_its_status(server: Running, boss: AgoraClient) -> None:
    class Broken(Agent):
        task_types = ("hopeless", "wrong")

        async def on_task(self, task: TaskRun) -> Any:
            if task.task_type == "hopeless":
                raise PermanentFailure("there is no such file")
            raise ValueError("no idea")

    async with living(Broken(url=server.url)):
        hopeless = await boss.task.assign("hopeless", assignee="Broken")
        wrong = await boss.task.assign("wrong", assignee="Broken", retry_backoff=0, max_attempts=2)
        other = await boss.task.assign("something_else", assignee="Broken")
        first, second = await ended(boss, hopeless.task_id), await ended(boss, wrong.task_id)
    assert (first.status, first.error, first.attempts) == ("failed", "there is no such file", 1)
    assert (second.status, second.error, second.attempts) == ("failed", "ValueError: no idea", 2)
    assert (await boss.task.get(other.task_id)).status == "pending", "not one of its types"


async def test_handler_is_cancelled_with_its_task(server: Running, boss: AgoraClient) -> None:
    worker = Worker(url=server.url)
    async with living(worker):
        receipt = await boss.task.assign("work", assignee="Worker")
        await worker.next()
        await boss.task.cancel(receipt.task_id, "Not wanted any more.")
        again = await boss.task.assign("work", assignee="Worker")
        assert (await worker.next()).task_id == again.task_id, "its place is free again"
        assert worker.cancelled == [receipt.task_id]
        worker.go.set()
        await ended(boss, again.task_id)
    task = await boss.task.get(receipt.task_id)
    assert (task.status, task.result) == ("cancelled", None)


async def test_reassigned_task_is_done_only_by_the_new_assignee(server: Running, boss: AgoraClient) -> None:
    first, second = Worker(url=server.url, name="First"), Worker(url=server.url, name="Second")
    async with living(first, second):
        receipt = await boss.task.assign("work", {"n": 1}, assignee="First")
        await first.next()
        await boss.task.reassign(receipt.task_id, "Second")
        await second.next()
        await asyncio.wait_for(first.lost.wait(), WAIT)
        second.go.set()
        task = await ended(boss, receipt.task_id)
    assert (task.status, task.assigned_agent) == ("completed", second.agent_id)
    assert first.cancelled == [task.task_id]


async def test_expired_lease_moves_the_task_with_its_checkpoint_and_blocks_old_writes(
    server: Running, clock: ManualClock, boss: AgoraClient
) -> None:
    refused: list[str] = []

    class Slow(Worker):
        async def on_task(self, task: TaskRun) -> Any:
            await task.save({"step": task.attempts})
            try:
                return await super().on_task(task)
            except asyncio.CancelledError:
                try:
                    await task.report(50)
                except StaleLease as error:
                    refused.append(error.code)
                raise

    slow, quick = Slow(url=server.url, name="Slow"), Slow(url=server.url, name="Quick")
    receipt = await boss.task.assign("work", {"n": 1}, assignee="capability:work", retry_backoff=0)
    async with living(slow):
        held = await slow.next()
        async with living(quick):
            clock.advance(61)
            again = await quick.next()
            assert again.task_id == held.task_id == receipt.task_id
            assert (again.checkpoint, again.attempts) == ({"step": 2}, 2)
            assert again.fencing_token > held.fencing_token
            quick.go.set()
            task = await ended(boss, receipt.task_id)
    assert (task.status, task.assigned_agent, refused) == ("completed", quick.agent_id, ["stale_lease"])


async def test_stopping_agent_releases_its_tasks_immediately(server: Running, boss: AgoraClient) -> None:
    class Stuck(Worker):
        stop_seconds = 0.01

    first, second = Stuck(url=server.url, name="First"), Stuck(url=server.url, name="Second")
    receipt = await boss.task.assign("work", {"n": 1}, assignee="capability:work")
    async with living(first):
        await first.next()
    assert (await boss.task.get(receipt.task_id)).status == "pending"
    async with living(second):
        again = await second.next()
        assert (again.task_id, again.attempts) == (receipt.task_id, 1), "the attempt does not count"
        second.go.set()
        await ended(boss, receipt.task_id)


async def test_tasks_wait_for_the_required_model_or_worker(server: Running, boss: AgoraClient) -> None:
    class Llama(Worker):
        models = ("llama",)
        worker = "gpu-1"

    llama, plain = Llama(url=server.url), Worker(url=server.url)
    for agent in (llama, plain):
        agent.go.set()
    async with living(llama, plain):
        receipt = await boss.task.assign("work", {"n": 1}, required_model="llama")
        assert (await ended(boss, receipt.task_id)).assigned_agent == llama.agent_id
        async with AgoraClient(server.url) as operator:
            (worker,) = (await operator.worker.list()).workers
        receipt = await boss.task.assign("work", {"n": 2}, assignee=f"worker:{worker.worker_id}")
        assert (await ended(boss, receipt.task_id)).worker == worker.worker_id
    assert (worker.worker_name, worker.models, worker.owner) == ("gpu-1", ["llama"], llama.agent_id)


async def test_messages_and_tasks_have_separate_capacity(server: Running, boss: AgoraClient) -> None:
    class Busy(Worker):
        async def on_message(self, message: Any) -> None:
            await self.reply(message, "still here")

    busy = Busy(url=server.url)
    async with living(busy):
        receipt = await boss.task.assign("work", assignee="Busy")
        await busy.next()
        assert (await boss.request("Busy", "Are you there?", timeout=WAIT)).content == "still here"
        busy.go.set()
        await ended(boss, receipt.task_id)


async def test_disconnected_claim_takes_no_task(server: Running, boss: AgoraClient) -> None:
    async with (
        AgoraClient(server.url) as client,
        httpx.AsyncClient(base_url=server.url) as dying,
        asyncio.timeout(WAIT),
    ):
        registration = await client.register("Gone")
        headers = {"authorization": f"Bearer {registration.token}"}
        claim = asyncio.create_task(dying.post("/agora/task/claim", json={"wait": 60}, headers=headers))
        await wait_until(lambda: server.app.feed.waiting_calls)
        claim.cancel()
        await asyncio.gather(claim, return_exceptions=True)
        await wait_until(lambda: not server.app.feed.waiting_calls)
        receipt = await boss.task.assign("work", assignee="Gone")
        assert [task.task_id for task in (await client.task.claim()).tasks] == [receipt.task_id]


# -- the specification's example -----------------------------------------------------------------------


class DocumentationAgent:
    """As in the specification, except for the handler's action."""

    def __init__(self, url: str) -> None:
        self.client = AgoraClient(url)
        self.agent_id: str | None = None

    async def initialize(self) -> None:
        registration = await self.client.register(
            agent_name="DocumentationAgent",
            capabilities=["documentation", "review", "editing"],
            service_tier="premium",  # type: ignore[arg-type]  # a word instead of the enumeration, as there
        )
        self.agent_id = registration.agent_id
        await self.client.messaging.subscribe(agent_id=self.agent_id, event_types=["task_assigned", "workflow_updated"])

    async def process_tasks(self) -> None:
        tasks = await self.client.task.list(
            agent_id=self.agent_id,
            status="pending",  # type: ignore[arg-type]
        )
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
        if task.payload["file"] == "missing.md":
            raise FileNotFoundError("missing.md")
        return "Documentation updated successfully"


async def test_specifications_agent_works(server: Running, boss: AgoraClient) -> None:
    agent = DocumentationAgent(server.url)
    async with agent.client:
        await agent.initialize()
        good = await boss.task.assign("review_document", {"file": "spec.md"}, assignee="DocumentationAgent")
        bad = await boss.task.assign("review_document", {"file": "missing.md"}, assignee="DocumentationAgent")
        waiting = await agent.client.task.list(agent_id=agent.agent_id)
        assert (len(waiting), waiting.total, waiting.has_more, len(waiting.tasks)) == (2, 2, False, 2)
        await agent.process_tasks()
        done, failed = await boss.task.get(good.task_id), await boss.task.get(bad.task_id)
        assert (done.status, done.notes) == ("completed", "Completed: Documentation updated successfully")
        assert (failed.status, failed.notes) == ("failed", "Error: missing.md")
        assert len(await agent.client.task.list(agent.agent_id, TaskStatus.PENDING)) == 0


async def test_specifications_assignment_works_in_synchronous_code(server: Running) -> None:
    def plain() -> None:
        with AgoraClient(server.url) as client:
            client.register("MyAgent", capabilities=["documentation", "analysis"])
            receipt = client.task.assign("review_document", {"file": "spec.md"}, assignee="ReviewAgent")
            assert receipt.status == "pending"
            for entry in client.task.stream(receipt.task_id):
                assert entry.status == "pending"
                break
            with pytest.raises(InvalidRequest):
                client.task.assign("review_document", {"file": "spec.md"}, priority="soon")  # type: ignore[arg-type]

    await asyncio.to_thread(plain)


async def test_specifications_pipeline_runs(server: Running, boss: AgoraClient) -> None:
    class Hand(Agent):
        async def on_task(self, task: TaskRun) -> Any:
            order.append((self.name, task.task_type))

    order: list[tuple[str, str]] = []
    steps: Any = [
        {"name": "extract", "agent": "DataExtractor"},
        {"name": "transform", "agent": "DataTransformer"},
        {"name": "load", "agent": "DataLoader"},
    ]
    names = ["DataExtractor", "DataTransformer", "DataLoader"]
    workflow = await boss.workflow.create(workflow_name="data_pipeline", steps=steps, assigned_agents=names)
    ending = ["workflow_completed", "workflow_failed"]
    async with living(*(Hand(url=server.url, name=name) for name in names)), asyncio.timeout(WAIT):
        async for event in boss.event.stream(ending, subject=workflow.workflow_id, last_event_id="0"):
            assert event.type == "agora.workflow.completed"
            break
    assert order == [("DataExtractor", "extract"), ("DataTransformer", "transform"), ("DataLoader", "load")]
    status = await boss.workflow.status(workflow.workflow_id)
    assert (status.status, status.progress, status.current_step, status.total_steps) == ("completed", 100, 3, 3)
    assert {share.agent_name: share.completed for share in status.agents} == dict.fromkeys(names, 1)


async def test_processes_of_a_new_agent_can_start_concurrently(server: Running) -> None:
    clients = [AgoraClient(server.url, mode="async") for _ in range(5)]
    registrations = await asyncio.gather(*(client.register("Fleet") for client in clients))
    assert len({registration.agent_id for registration in registrations}) == 1
    for client in clients:
        assert (await client.task.claim()).count == 0
        await client.aclose()
