"""The agent called by the suite's task scenarios, written with the public SDK. Argument: the server's URL.

Its capabilities are the tools named by the scenarios. Prints its id when it listens.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from agora_sdk import Agent, InputRequired, PermanentFailure, Rejected, TaskRun

__all__ = ["NAME", "TASK_TOOLS", "TOOL_WITH_ROUND"]

NAME: Final = "Conformance"
TOOL_WITH_ROUND: Final = "test_tool_with_task"  #: the client is asked for a name before its task is created
#: the tools, and whether their calls become tasks
TASK_TOOLS: Final[Mapping[str, str]] = {
    "greet": "forbidden",
    "slow_compute": "optional",
    "failing_job": "required",
    "protocol_error_job": "optional",
    "confirm_delete": "optional",
    "multi_input": "optional",
    TOOL_WITH_ROUND: "required",
}
CONFIRM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"confirm": {"type": "boolean"}},
    "required": ["confirm"],
}


async def _greet(task: TaskRun, arguments: Mapping[str, Any]) -> Any:
    return f"Hello, {arguments.get('name')}!"


async def _compute(task: TaskRun, arguments: Mapping[str, Any]) -> Any:
    await asyncio.sleep(float(arguments.get("seconds", 0)))
    return f"Computed {arguments.get('label')}."


async def _fail(task: TaskRun, arguments: Mapping[str, Any]) -> Any:
    raise PermanentFailure("The job failed.")


async def _reject(task: TaskRun, arguments: Mapping[str, Any]) -> Any:
    raise Rejected("The agent does not do this.")


async def _confirm(task: TaskRun, arguments: Mapping[str, Any]) -> Any:
    if task.message.parts[0].type != "data" or "confirm" not in task.message.parts[0].content:
        raise InputRequired(f"Delete {arguments.get('filename')}?", schema=CONFIRM)
    return f"Deleted {arguments.get('filename')}."


async def _ask_twice(task: TaskRun, arguments: Mapping[str, Any]) -> Any:
    if not task.answers:
        raise InputRequired(
            "Two answers are needed.",
            questions={"name": {"text": "Your name?"}, "confirm": {"text": "Really?", "schema": CONFIRM}},
        )
    return f"Answered: {', '.join(sorted(task.answers))}."


async def _greet_later(task: TaskRun, arguments: Mapping[str, Any]) -> Any:
    return f"Hello, {arguments.get('user_name')}!"


WORK: Final[Mapping[str, Callable[[TaskRun, Mapping[str, Any]], Awaitable[Any]]]] = {
    "greet": _greet,
    "slow_compute": _compute,
    "failing_job": _fail,
    "protocol_error_job": _reject,
    "confirm_delete": _confirm,
    "multi_input": _ask_twice,
    TOOL_WITH_ROUND: _greet_later,
}


class TaskAgent(Agent):
    """Implements the scenarios."""

    name = NAME
    capabilities = [*TASK_TOOLS, "mcp_tools"]
    max_concurrent_tasks = 64
    metadata = {"mcp_tools": {name: {"task_support": support} for name, support in TASK_TOOLS.items()}}

    async def on_task(self, task: TaskRun) -> Any:
        arguments = task.payload["arguments"]
        assert isinstance(arguments, dict)
        return await WORK[str(task.payload["capability"])](task, arguments)


async def main(url: str) -> None:
    """Serve until stopped."""
    async with TaskAgent(url=url) as agent:
        print(agent.agent_id, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
