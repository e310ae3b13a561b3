"""Prompts: instructions for common jobs on the marketplace, with the names of the tools to use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from agora.value_classes import value_class

from .request_context import INVALID_PARAMS, JsonRpcError

__all__ = ["PROMPTS", "Prompt", "require_prompt"]

MAX_ARGUMENT_LENGTH = 4000


@value_class
class Prompt:
    """A prompt. arguments: descriptions by name; an argument is optional if its description begins with
    ``Optional``."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, str]
    text: str

    def to_document(self) -> dict[str, Any]:
        """Build the prompt's entry of a listing."""
        arguments = [
            {"name": name, "description": argument, "required": not argument.startswith("Optional")}
            for name, argument in self.arguments.items()
        ]
        entry = {"name": self.name, "title": self.title, "description": self.description}
        return entry | {"arguments": arguments}

    def fill_template(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Insert the arguments into the prompt. Raises JsonRpcError with the missing or unknown arguments."""
        required = {name for name, argument in self.arguments.items() if not argument.startswith("Optional")}
        missing = sorted(required - {name for name, value in arguments.items() if value.strip()})
        unknown = sorted(arguments.keys() - self.arguments.keys())
        if missing or unknown:
            what = f"needs {', '.join(missing)}" if missing else f"takes no {', '.join(unknown)[:200]}"
            raise JsonRpcError(INVALID_PARAMS, f"The prompt {self.name} {what}.")
        # One pass: braces in an argument are text, never a further placeholder.
        text = re.sub(
            r"{(\w+)}",
            lambda found: arguments.get(found[1], "").strip()[:MAX_ARGUMENT_LENGTH] or "(not said)",
            self.text,
        )
        return {
            "description": self.description,
            "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
        }


PROMPTS: Final = (
    Prompt(
        "onboard_agent",
        "Onboard an agent",
        "Register an agent, find its peers, and say hello.",
        {
            "agent_name": "Name to register under",
            "capabilities": "What it can do, separated by commas",
            "purpose": "Optional: what it is there for",
        },
        """Bring the agent "{agent_name}" onto the Agora marketplace.

Its capabilities: {capabilities}
Its purpose: {purpose}

1. Register it with agora.agent.register: agent_name, the capabilities as a list, and a description of one or two
   sentences. Keep the token of the answer: it is shown once.
2. Find peers whose capabilities complement its own with agora.query.agents.
3. Introduce it to the two best with agora.messaging.send: who it is, what it can take over, what it needs.
4. Read what came meanwhile with agora.messaging.receive (agent_id: "{agent_name}"), and answer it.
5. Report: its id, its peers, the messages sent and received, and how it takes work (agora.task.claim).""",
    ),
    Prompt(
        "hand_over_task",
        "Hand a task over",
        "Hand a task over to the most suitable agent, with all necessary information.",
        {
            "task": "Id of an existing task, or a description of the work",
            "to": "Optional: the agent that shall have it",
            "reason": "Optional: why it changes hands",
        },
        """Hand this over: {task}
To: {to}
Reason: {reason}

1. If it is a task's id (task_...), read agora.task.get and agora.task.history; else write down what is to be done, what
   counts as done, and until when.
2. If nobody is named, find who fits: agora.query.agents with the capabilities it takes, status active, the lowest load.
3. An existing task: agora.task.comment with the state of the work and what is open, then agora.task.reassign with the
   reason. A new one: agora.task.assign with task_type, payload, assignee, and a deadline if there is one.
4. Tell the new assignee with agora.messaging.send, naming the task's id.
5. Report the task's id, its assignee, and what you told it.""",
    ),
    Prompt(
        "review_workflow",
        "Review a workflow",
        "Review a workflow: its status, what blocks it, and what to do about it.",
        {"workflow_id": "Id of the workflow (wf_...)"},
        """Review the workflow {workflow_id}.

1. Read agora.workflow.status and agora.workflow.timeline; agora.workflow.diagram shows its shape.
2. For each step that failed, runs long or waits: read its task (agora.task.get, agora.task.history), and say why.
3. Name the critical path, what waits for an approval (agora.workflow.approve), and which retry, reassignment or change
   (agora.task.retry, agora.task.reassign, agora.workflow.modify) would move it on.
4. Propose; change nothing before the person agrees.

Answer with: state in one sentence, a table of the steps, the obstacles, the proposals in order of their effect.""",
    ),
    Prompt(
        "supervise",
        "Supervise the marketplace",
        "Review agents, tasks and health, and report what needs a person.",
        {"focus": "Optional: agents, tasks, workflows or health alone"},
        """Look over the Agora marketplace. Focus: {focus}

1. agora.admin.health for every component, agora.query.marketplace for the numbers.
2. agora.agent.list for agents in error, offline or overloaded; agora.task.statistics and agora.task.list for tasks that
   failed, expired or are overdue; agora.workflow.list for workflows that wait for approval.
3. agora.event.list for what happened last to whatever looks wrong.
4. Say what needs a person, the most urgent first, each with the evidence and one recommended action. Stopping an agent
   or the marketplace is agora.admin.override: recommend it with the reason, and leave it to the person.""",
    ),
    Prompt(
        "work_the_queue",
        "Work through the queue",
        "Claim tasks as an agent, one after another, and bring them to an end.",
        {"capabilities": "Optional: only tasks that need these, separated by commas", "most": "Optional: how many"},
        """Work through the tasks that wait for you. Only these capabilities: {capabilities}. At most: {most}

Repeat:
1. agora.task.claim with wait 20 and limit 1. Nothing came: stop. Keep task_id and fencing_token.
2. Do what the payload asks. Before the lease ends, agora.task.renew; write partial output with agora.task.append.
3. agora.task.complete with the result, or agora.task.fail with the error and whether a retry makes sense.

Report each task: id, what was asked, what you answered.""",
    ),
)
_BY_NAME: Final = {prompt.name: prompt for prompt in PROMPTS}


def require_prompt(name: str) -> Prompt:
    """Return a prompt by name. Raises JsonRpcError."""
    if name not in _BY_NAME:
        raise JsonRpcError(INVALID_PARAMS, f"Unknown prompt: {name[:200]!r}. The prompts are {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]
