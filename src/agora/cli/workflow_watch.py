"""Follow a workflow live: each event reloads it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Protocol

from rich.text import Text

from .output import TONES
from .session import Session
from .tree import build_step_tree, format_step, map_agent_names

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterator

    from agora_sdk import AgoraClient
    from agora_sdk.contract.events import Event
    from agora_sdk.contract.workflows import StepState, Workflow

__all__ = ["TERMINAL_STATUSES", "WatchedWorkflow", "load_workflow", "watch_workflow"]

EVENT_TYPES = [
    "agora.workflow.*",
    *(f"agora.task.{what}" for what in ("started", "progress", "requeued", "reassigned")),
]
TERMINAL_STATUSES = ("completed", "failed", "cancelled")
MAX_DEPTH = 5  #: maximum nesting of displayed workflows


class WatchedWorkflow:
    """The last state of a workflow and of those that its steps run."""

    def __init__(self, client: AgoraClient, workflow_id: str) -> None:
        self._client, self._workflow_id = client, workflow_id
        self.workflow: Workflow
        self.inner: dict[str, Workflow] = {}

    async def refresh(self) -> None:
        """Reload the workflow and its inner workflows."""
        self.workflow = await self._client.workflow.status(self._workflow_id)
        level = [self.workflow]
        for _ in range(MAX_DEPTH):
            level = [
                await self._refresh_inner(inner_id)
                for workflow in level
                for inner_id in _list_inner_workflow_ids(workflow)
            ]

    async def _refresh_inner(self, workflow_id: str) -> Workflow:
        workflow = self.inner.get(workflow_id)
        # An ended workflow does not change any more: large trees stay cheap to follow.
        if workflow is None or workflow.status not in TERMINAL_STATUSES:
            self.inner[workflow_id] = workflow = await self._client.workflow.status(workflow_id)
        return workflow

    def is_about_workflow(self, event: Event) -> bool:
        """Whether an event is about the workflow, or about a task of one of its steps."""
        workflows = {self._workflow_id, *self.inner}
        tasks = {step.task_id for workflow in (self.workflow, *self.inner.values()) for step in workflow.steps}
        data = event.data if isinstance(event.data, dict) else {}
        # The subject of a task's event is the task, and a workflow's own event has the workflow as subject.
        return bool({event.subject, data.get("workflow_id")} & workflows) or event.subject in tasks


def _list_inner_workflow_ids(workflow: Workflow) -> Iterator[str]:
    return (step.workflow_id for step in workflow.steps if step.workflow_id)


class Display(Protocol):
    """Displays a workflow after each reload."""

    def __enter__(self) -> Display: ...
    def __exit__(self, *exception: object) -> None: ...
    def show(self, watched: WatchedWorkflow) -> None: ...


def load_workflow(session: Session, workflow_id: str) -> WatchedWorkflow:
    """Load a workflow with the workflows that its steps run."""

    async def load_once(client: AgoraClient) -> WatchedWorkflow:
        watched = WatchedWorkflow(client, workflow_id)
        async with contextlib.aclosing(client):
            await watched.refresh()
        return watched

    return asyncio.run(load_once(session.client))


def watch_workflow(session: Session, workflow_id: str) -> Workflow | None:
    """Show a workflow until it ends; None after Ctrl-C."""
    display: Display = ChangeLog(session)
    if session.out.json:
        display = JsonLines(session)
    elif session.out.console.is_terminal:
        display = TerminalDisplay(session)
    try:
        return asyncio.run(_watch_until_end(session.client, workflow_id, display))
    except KeyboardInterrupt:
        return None


async def _watch_until_end(client: AgoraClient, workflow_id: str, display: Display) -> Workflow:
    watched, change_event = WatchedWorkflow(client, workflow_id), asyncio.Event()
    async with contextlib.aclosing(client), client.event.stream(EVENT_TYPES) as events:
        await events  # subscribed: no later event is missed
        await watched.refresh()
        reading = asyncio.create_task(_mark_changes(events, watched, change_event))
        # Otherwise a stream that failed would leave this waiting for ever.
        reading.add_done_callback(lambda _: change_event.set())
        try:
            with display:
                while True:
                    display.show(watched)
                    if watched.workflow.status in TERMINAL_STATUSES:
                        return watched.workflow
                    await change_event.wait()
                    # Cleared before the reload: a change during it causes another one, and a burst of events only one.
                    change_event.clear()
                    # Raises the error of the stream.
                    if reading.done():
                        reading.result()
                    await watched.refresh()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _mark_changes(events: AsyncIterable[Event], watched: WatchedWorkflow, changed: asyncio.Event) -> None:
    async for event in events:
        if watched.is_about_workflow(event):
            changed.set()


class JsonLines:
    """Output for programs: the whole workflow as a line of JSON after each change."""

    def __init__(self, session: Session) -> None:
        self._out = session.out

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *exception: object) -> None:
        """Do nothing: no resources are open."""

    def show(self, watched: WatchedWorkflow) -> None:
        self._out.print_line(watched.workflow.model_dump_json())


class ChangeLog:
    """Output for a pipe or a log: a line per change."""

    def __init__(self, session: Session) -> None:
        self._out = session.out
        self._last_facts: dict[str, Any] = {}

    def __enter__(self) -> ChangeLog:
        return self

    def __exit__(self, *exception: object) -> None:
        """Do nothing: no resources are open."""

    def show(self, watched: WatchedWorkflow) -> None:
        workflow = watched.workflow
        names, width = map_agent_names(workflow), max(len(step.name) for step in workflow.steps)
        plain = self._out.console.options.ascii_only
        for step in workflow.steps:
            if self._store_facts_and_compare(step.name, _build_step_facts(step)):
                self._out.console.print(format_step(step, names, width=width, plain=plain))
        if self._store_facts_and_compare("", workflow.status):
            self._out.print_text(f"{workflow.workflow_id} {workflow.status}", TONES.get(workflow.status, ""))

    def _store_facts_and_compare(self, name: str, facts: Any) -> bool:
        news = bool(self._last_facts.get(name) != facts)
        self._last_facts[name] = facts
        return news


def _build_step_facts(step: StepState) -> tuple[Any, ...]:
    """Select the fields of a step whose change is printed."""
    parts = (step.items.completed, step.items.failed) if step.items else None
    return step.status, step.attempts, step.awaiting, parts, step.assigned_agent, step.error


class TerminalDisplay:
    """A terminal display: the tree, redrawn periodically."""

    def __init__(self, session: Session) -> None:
        from rich.live import Live

        self._console = session.out.console
        self._watched: WatchedWorkflow | None = None
        self._live = Live(
            console=self._console, get_renderable=lambda: self._render_tree() or Text(""), refresh_per_second=4
        )

    def __enter__(self) -> TerminalDisplay:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def show(self, watched: WatchedWorkflow) -> None:
        self._watched = watched
        self._live.refresh()

    def _render_tree(self) -> Any:
        return self._watched and build_step_tree(self._console, self._watched.workflow, self._watched.inner)
