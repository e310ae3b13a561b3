"""The anchors of ``a2a``: the official SDK's server, set up as in its samples, with either of its task stores.

``memory`` and ``sqlite`` are ASGI applications. A text that begins with "create" leaves a task submitted; any other
text is answered: a working status, an artifact with the text, a completed status.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from a2a.helpers.proto_helpers import get_message_text, new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_jsonrpc_routes
from a2a.server.tasks import DatabaseTaskStore, InMemoryTaskStore, TaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Part
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette

__all__ = ["memory", "sqlite"]


class Sample(AgentExecutor):
    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        text = get_message_text(context.message)
        if text.startswith("create"):
            return
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        await updater.add_artifact([Part(text=text)])
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.current_task is not None
        await TaskUpdater(event_queue, context.current_task.id, context.current_task.context_id).cancel()


def _application(store: TaskStore) -> Starlette:
    address = AgentInterface(url="http://127.0.0.1/", protocol_binding="JSONRPC", protocol_version="1.0")
    card = AgentCard(
        name="Anchor",
        description="The SDK's sample.",
        version="1",
        supported_interfaces=[address],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="echo", name="Echo", description="Says it again.", tags=["echo"])],
    )
    handler = DefaultRequestHandler(Sample(), store, card)
    return Starlette(routes=create_jsonrpc_routes(handler, "/"))


def _database() -> TaskStore:
    directory = tempfile.TemporaryDirectory(prefix="a2a-anchor-", ignore_cleanup_errors=True)
    _KEPT.append(directory)
    return DatabaseTaskStore(create_async_engine(f"sqlite+aiosqlite:///{Path(directory.name) / 'tasks.db'}"))


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
memory = _application(InMemoryTaskStore())
sqlite = _application(_database())
