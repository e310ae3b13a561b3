"""Coding jobs and sessions on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import clean_text
from .session import Session, client_command
from .tasks import print_task_until_done

if TYPE_CHECKING:
    from agora_sdk.contract.tasks import TaskEntry

__all__ = ["group", "run_job", "show_session"]

JOB_TYPE = "coding.job"


def group() -> typer.Typer:
    """The commands about jobs."""
    app = typer.Typer(help="Jobs for coding agents.", no_args_is_help=True)
    app.command("run")(run_job)
    app.callback()(lambda: None)
    return app


@client_command
def run_job(
    session: Session,
    prompt: Annotated[str, typer.Argument(help="What the agent is to do; - reads it from standard input.")],
    codebase: Annotated[
        str | None, typer.Option("--codebase", "-c", help="Name or id of a codebase; any worker that has it.")
    ] = None,
    repository: Annotated[
        str | None, typer.Option(help="Git remote, such as github.com/owner/name; any worker that has a clone.")
    ] = None,
    worker: Annotated[str | None, typer.Option(help="Name of the worker's agent, or worker:ID.")] = None,
    title: Annotated[str | None, typer.Option(help="Title; the prompt's first line if left out.")] = None,
    model: Annotated[str | None, typer.Option(help="Model; only workers that have it.")] = None,
    agent_type: Annotated[str | None, typer.Option(help="Mode of the agent, such as build or plan.")] = None,
    context_id: Annotated[
        str | None, typer.Option("--context", help="Context: jobs with the same one are one session.")
    ] = None,
    allow: Annotated[
        str | None,
        typer.Option(
            help="What the agent may do on the marketplace: scopes, separated by commas; '' for nothing. "
            "Left out, it may find agents and operations."
        ),
    ] = None,
    priority: Annotated[str, typer.Option(help="low, normal, high or urgent.")] = "normal",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show the output to the end, and ask what the agent asks.")
    ] = False,
) -> None:
    """Queue a job for a coding agent."""
    text = sys.stdin.read() if prompt == "-" else prompt
    payload: dict[str, Any] = {"prompt": text, "title": title, "codebase": codebase or repository}
    payload["agent_type"] = agent_type
    required = [f"codebase:{codebase}"] if codebase else [f"repository:{repository}"] if repository else ["coding"]
    receipt = session.client.task.assign(
        JOB_TYPE,
        {name: value for name, value in payload.items() if value} | _read_scopes(allow),
        worker,
        priority=priority,  # type: ignore[arg-type]
        required_capabilities=[] if worker else required,
        required_model=model,
        context_id=context_id,
    )
    if not follow:
        session.out.result(receipt)
        return
    session.out.note(f"{receipt.status} {receipt.task_id}")
    if receipt.warning:
        session.out.note(receipt.warning)
    print_task_until_done(session, receipt.task_id, lambda entry: _answer_question(session, entry))


def _read_scopes(text: str | None) -> dict[str, Any]:
    """The payload's scopes; nothing where the default holds."""
    return {} if text is None else {"scopes": [word.strip() for word in text.split(",") if word.strip()]}


def _answer_question(session: Session, entry: TaskEntry) -> None:
    """Ask the person at the terminal what the agent asks; elsewhere say how to answer."""
    message: Any = entry.data
    if entry.status != "input_required" or entry.type != "message" or not isinstance(message, dict):
        return
    question = "\n".join(part["text"] for part in message.get("parts", ()) if isinstance(part.get("text"), str))
    session.out.say(f"\n{clean_text(question)}", "yellow")
    if not sys.stdin.isatty():
        session.out.note(f"answer it with: agora task message {entry.task_id} ANSWER")
        return
    session.client.task.message(entry.task_id, typer.prompt("Answer"))


@client_command
def show_session(
    session: Session,
    codebase_id: Annotated[str, typer.Argument(help="Id of the codebase.")],
    session_id: Annotated[str, typer.Argument(help="Id of the session.")],
) -> None:
    """Show a session as a conversation."""
    page = session.client.session.messages(codebase_id, session_id)
    if session.out.json:
        session.out.value([message.model_dump(mode="json") for message in page])
        return
    for message in page:
        session.out.say(f"\n{message.role}", "cyan")
        parts: Any = (
            message.parts if isinstance(message.parts, list) else [{"type": "text", "text": str(message.parts)}]
        )
        for part in parts:
            for line in _format_part(part):
                session.out.say(clean_text(line))


def _format_part(part: dict[str, Any]) -> list[str]:
    match part.get("type"):
        case "tool":
            status = "" if part.get("status") == "completed" else f" ({part.get('status')})"
            return [f"  [{part.get('kind')}] {part.get('title')}{status}"]
        case "thought":
            return [f"  ({line})" for line in str(part.get("text", "")).splitlines()]
        case "plan":
            return [f"  - {entry.get('text')}: {entry.get('status')}" for entry in part.get("entries", ())]
    return str(part.get("text", "")).splitlines()
