"""A coding worker as an A2A agent, driven by the official client: streaming, a permission, cancelling, and a context as
a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from a2a.client import Client
from a2a.types import a2a_pb2

from tests.blackbox.coding_a2a import cancel_while_it_speaks, connect_official_client, read_artifacts, send_message
from tests.blackbox.coding_worker import WorkerProcess, create_repository
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def worker(shared_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    directory = tmp_path_factory.mktemp("a2a")
    worker = WorkerProcess(shared_server, directory / "home", create_repository(directory / "api"), name="a2acoder")
    worker.start()
    operator = shared_server.operator
    poll_until(lambda: operator.get("/v1/agent/workers?search=a2acoder")["workers"], "the worker is registered")
    yield worker
    worker.close()


@pytest.fixture
async def client(shared_server: ServerProcess, worker: WorkerProcess) -> AsyncIterator[Client]:
    async with connect_official_client(shared_server, worker.name) as client:
        yield client


async def test_permission_is_requested_and_the_diff_is_an_artifact(client: Client) -> None:
    events, task, state = await send_message(client, "RUN: echo hi > official.txt", context_id="diff")
    assert state == a2a_pb2.TASK_STATE_INPUT_REQUIRED, events
    question = next(e.status_update.status.message for e in reversed(events) if e.HasField("status_update"))
    assert "asks for permission: execute" in question.parts[0].text
    events, again, state = await send_message(client, "once", task_id=task, context_id="diff")
    assert (again, state) == (task, a2a_pb2.TASK_STATE_COMPLETED)
    assert "+hi" in read_artifacts(events)["diff"]


async def test_output_is_streamed(client: Client) -> None:
    events, _, state = await send_message(client, "SLOWLY: 60\nSAY: the end")
    assert state == a2a_pb2.TASK_STATE_COMPLETED
    updates = [event.artifact_update for event in events if event.HasField("artifact_update")]
    assert sum("word" in part.text for update in updates for part in update.artifact.parts) > 1, "in several pieces"


async def test_task_can_be_cancelled(client: Client, worker: WorkerProcess) -> None:
    assert await cancel_while_it_speaks(client, "SLOWLY: 1000") == a2a_pb2.TASK_STATE_CANCELED
    await asyncio.to_thread(poll_until, lambda: not worker.agent_pids(), "its agent has ended")


async def test_context_maps_to_one_session(client: Client) -> None:
    await send_message(client, "SAY: good morning", context_id="conversation")
    events, _, state = await send_message(client, "RECALL", context_id="conversation")
    assert state == a2a_pb2.TASK_STATE_COMPLETED
    assert "I remember: SAY: good morning | RECALL" in str(events)
