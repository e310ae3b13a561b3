"""Coding jobs and sessions on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora.comma_lists import split_list

from .command_class import Application
from .output import Column, clean_text
from .session import Session, client_command
from .tables import build_attribute_columns
from .task_log import format_log_entry_or_none, print_task_until_done, read_message_text
from .tree import format_duration

if TYPE_CHECKING:
    from agora_sdk.contract.attempts import Attempt, AttemptGroup
    from agora_sdk.contract.tasks import TaskEntry

__all__ = ["choose_attempt", "compare_attempts", "group", "run_job", "show_session"]

JOB_TYPE = "coding.job"
GroupId = Annotated[str, typer.Argument(help="Id of the group, as agora job run --attempt printed it.")]
#: options of a single job that are not supported for a group of attempts
SINGLE_JOB_OPTIONS = {"worker": "--worker", "context_id": "--context", "allow": "--allow", "model": "--model"}


def group() -> typer.Typer:
    """Build the group ``agora job``."""
    app = Application(help="Jobs of coding agents.", no_args_is_help=True)
    app.command("run")(run_job)
    app.command("compare")(compare_attempts)
    app.command("choose")(choose_attempt)
    app.callback()(lambda: None)
    return app


@client_command
def run_job(
    session: Session,
    prompt: Annotated[str, typer.Argument(help="Prompt for the agent; - for standard input.")],
    codebase: Annotated[str | None, typer.Option("--codebase", "-c", help="Name or id of a codebase.")] = None,
    repository: Annotated[
        str | None, typer.Option(help="Git remote, such as github.com/owner/name: any worker with a clone.")
    ] = None,
    worker: Annotated[str | None, typer.Option(help="Name of the worker's agent, or worker:ID.")] = None,
    title: Annotated[str | None, typer.Option(help="Title; default: first line of the prompt.")] = None,
    model: Annotated[str | None, typer.Option(help="Model; only workers that have it take the job.")] = None,
    agent_type: Annotated[str | None, typer.Option(help="Mode of the agent, such as build or plan.")] = None,
    context_id: Annotated[
        str | None, typer.Option("--context", help="Context id; jobs with the same context share a session.")
    ] = None,
    allow: Annotated[
        str | None,
        typer.Option(
            help="Scopes of the agent on the marketplace, separated by commas; '' for none. Default: it may find "
            "agents and operations."
        ),
    ] = None,
    priority: Annotated[str, typer.Option(help="low, normal, high or urgent.")] = "normal",
    attempt: Annotated[
        list[str] | None,
        typer.Option(
            help="Attempt the prompt several times, to compare and choose: once for each, what it requires: coding:AGENT, "
            "model:MODEL, profile:PROFILE, worker:ID, several separated by spaces.",
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Follow the output to the end, and answer the agent's questions.")
    ] = False,
) -> None:
    """Queue a job for a coding agent."""
    text = sys.stdin.read() if prompt == "-" else prompt
    if attempt:
        others = {"worker": worker, "context_id": context_id, "allow": allow, "model": model}
        _reject_unsupported_attempt_options(
            codebase, [SINGLE_JOB_OPTIONS[name] for name, value in others.items() if value], follow
        )
        options = {"title": title or "", "agent_type": agent_type, "priority": priority}
        _print_attempts(session, session.client.attempt.start(text, str(codebase), attempt, **options))  # type: ignore[arg-type]
        return
    payload: dict[str, Any] = {"prompt": text, "title": title, "codebase": codebase or repository}
    payload["agent_type"] = agent_type
    # The capability decides which workers may claim the job; a named worker needs none.
    required = [f"codebase:{codebase}"] if codebase else [f"repository:{repository}"] if repository else ["coding"]
    receipt = session.client.task.assign(
        JOB_TYPE,
        {name: value for name, value in payload.items() if value} | _build_scopes_field(allow),
        worker,
        priority=priority,  # type: ignore[arg-type]
        required_capabilities=[] if worker else required,
        required_model=model,
        context_id=context_id,
    )
    if not follow:
        session.out.print_result(receipt)
        return
    session.out.print_note(f"{receipt.status} {receipt.task_id}")
    if receipt.warning:
        session.out.print_note(receipt.warning)
    print_task_until_done(
        session,
        receipt.task_id,
        format_log_entry_or_none=_format_job_entry,
        on_entry=lambda entry: _ask_and_send_answer(session, entry),
        print_result=lambda result: _print_job_result(session, result),
    )


def _reject_unsupported_attempt_options(codebase: str | None, others: list[str], follow: bool) -> None:
    """Refuse options that a group of attempts does not support. Raises InvalidRequest, which suggests an
    alternative."""
    if codebase is None:
        raise typer.BadParameter("attempts need a codebase: name it with --codebase", param_hint="--attempt")
    if others:
        raise typer.BadParameter(f"{others[0]} is for a single job; put it into an --attempt", param_hint="--attempt")
    if follow:
        raise typer.BadParameter(
            "attempts run side by side: follow one with agora task output TASK --follow", param_hint="--follow"
        )


@client_command
def compare_attempts(session: Session, group_id: GroupId) -> None:
    """Compare the attempts at a prompt: changes, check, tokens, cost and time."""
    _print_attempts(session, session.client.attempt.get(group_id))


@client_command
def choose_attempt(
    session: Session,
    group_id: GroupId,
    attempt: Annotated[str, typer.Argument(help="Number of the attempt, or the id of its job.")],
) -> None:
    """Choose an attempt: the others are cancelled if they work, their reviews dismissed, their branches kept."""
    task_id = attempt
    if attempt.isdecimal():
        attempts = session.client.attempt.get(group_id).attempts
        task_id = next((each.task_id for each in attempts if each.number == int(attempt)), attempt)
    group = session.client.attempt.choose(group_id, task_id)
    _print_attempts(session, group)
    session.out.print_note(f"deliver it with: agora review approve {task_id}")


def _print_attempts(session: Session, group: AttemptGroup) -> None:
    if session.out.json:
        session.out.print_result(group)
        return
    session.out.print_text(f"{clean_text(group.title)}")
    session.out.print_table(
        group.attempts, [("", lambda each: "*" if each.task_id == group.chosen else ""), *ATTEMPT_COLUMNS]
    )
    session.out.print_note(f"{group.group_id}: agora job compare, agora job choose")


def _format_changes(attempt: Attempt) -> str:
    files = "1 file" if attempt.files == 1 else f"{attempt.files} files"
    return f"{files} +{attempt.additions} -{attempt.deletions}" if attempt.review else ""


def _format_check(exit_code: int | None) -> str:
    """Format the outcome of the repository's check; None: no check has run."""
    return "none" if exit_code is None else "passed" if exit_code == 0 else f"exit code {exit_code}"


def _format_duration(attempt: Attempt) -> str:
    if attempt.started_at is None or attempt.completed_at is None:
        return ""
    return format_duration((attempt.completed_at - attempt.started_at).total_seconds())


ATTEMPT_COLUMNS: list[Column] = [
    *build_attribute_columns("nr=number variant status"),
    ("changes", _format_changes),
    ("check", lambda each: _format_check(each.check)),
    ("tokens", lambda each: f"{each.input_tokens + each.output_tokens:,}"),
    ("cost", lambda each: "" if each.cost is None else f"{each.cost:.4f} {each.currency}"),
    ("time", _format_duration),
    *build_attribute_columns("job=task_id error"),
]


def _build_scopes_field(text: str | None) -> dict[str, Any]:
    """Return the payload's scopes; empty for the default."""
    return {} if text is None else {"scopes": split_list(text)}


def _format_job_entry(entry: TaskEntry) -> str | None:
    """Format a change of state; questions and the worker's output are printed on their own."""
    return format_log_entry_or_none(entry) if entry.type == "status" else None


def _print_job_result(session: Session, result: Any) -> None:
    """Print the location of the changes; the answer itself was already printed as output."""
    # A worker of one's own may report its result in any form.
    if not isinstance(result, dict) or not isinstance(result.get("usage"), dict):
        session.out.print_json(result)
        return
    files = result.get("files") or []
    usage = result["usage"]
    session.out.print_fields(
        {
            "branch": result.get("branch"),
            "changed": ", ".join(files) or "nothing",
            "check": _format_check(result.get("check")),
            "tokens": f"{usage.get('input_tokens', 0):,} in, {usage.get('output_tokens', 0):,} out",
            "session": result.get("session_id"),
        }
    )


def _ask_and_send_answer(session: Session, entry: TaskEntry) -> None:
    """Ask the agent's question in a terminal; elsewhere print how to answer it."""
    message: Any = entry.data
    if entry.status != "input_required" or entry.type != "message" or not isinstance(message, dict):
        return
    session.out.print_text(f"\n{clean_text(read_message_text(message))}", "yellow")
    # The job waits meanwhile, and can be answered from anywhere.
    if not sys.stdin.isatty():
        session.out.print_note(f"answer it with: agora task message {entry.task_id} ANSWER")
        return
    session.client.task.message(entry.task_id, typer.prompt("Answer"))


@client_command
def show_session(
    session: Session,
    codebase_id: Annotated[str, typer.Argument(help="Id or name of the codebase.")],
    session_id: Annotated[str, typer.Argument(help="Id of the session.")],
) -> None:
    """Show a session as a conversation."""
    page = session.client.session.messages(codebase_id, session_id)
    if session.out.json:
        session.out.print_json([message.model_dump(mode="json") for message in page])
        return
    for message in page:
        session.out.print_text(f"\n{message.role}", "cyan")
        parts: Any = (
            message.parts if isinstance(message.parts, list) else [{"type": "text", "text": str(message.parts)}]
        )
        for part in parts:
            for line in _format_output_part(part):
                session.out.print_text(clean_text(line))


def _format_output_part(part: Any) -> list[str]:
    # A worker stores any JSON as a part.
    if not isinstance(part, dict):
        return str(part).splitlines()
    match part.get("type"):
        case "tool":
            status = "" if part.get("status") == "completed" else f" ({part.get('status')})"
            return [f"  [{part.get('kind')}] {part.get('title')}{status}"]
        case "thought":
            return [f"  ({line})" for line in str(part.get("text", "")).splitlines()]
        case "plan":
            return [_format_plan_entry(entry) for entry in part.get("entries") or ()]
    return str(part.get("text", "")).splitlines()


def _format_plan_entry(entry: Any) -> str:
    return f"  - {entry.get('text')}: {entry.get('status')}" if isinstance(entry, dict) else f"  - {entry}"
