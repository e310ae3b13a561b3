"""Hand-written commands that replace less convenient generated ones."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora.comma_lists import split_list
from agora_sdk.errors import AgoraError, InvalidRequest

from .arguments import parse_document
from .output import Output
from .session import Session, client_command, exit_on_error
from .tables import TABLES
from .watch import follow_events

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["agents", "inbox", "register", "run", "send", "services", "watch"]

List = list[str] | None

# Packages whose frames precede those of an agent's module in a traceback.
LOADER_PACKAGES = frozenset({"agora", "agora_sdk", "asyncio", "contextlib", "importlib"})


@client_command
def register(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the agent, unique in the marketplace.")],
    capability: Annotated[
        List, typer.Option("--capability", "-c", help="A capability of the agent; may be repeated.")
    ] = None,
    tier: Annotated[str, typer.Option(help="basic, premium or enterprise.")] = "basic",
    description: Annotated[str, typer.Option(help="Purpose of the agent.")] = "",
    metadata: Annotated[str, typer.Option(help="A JSON object, or @FILE.json.")] = "{}",
) -> None:
    """Register an agent; its token is kept for later calls with --as NAME."""
    result = session.client.register(
        name,
        capability or [],
        tier,  # type: ignore[arg-type]
        description=description,
        metadata=parse_document(metadata),
    )
    if session.out.json:
        session.out.print_result(result)
        return
    verb = "Registered" if result.created else "Updated"
    session.out.print_text(f"{verb} {result.agent_name} as {result.agent_id}", "green")
    identity = session.client._session.identity
    if identity.store.find(identity.url, identity.tenant, result.agent_name) is None:
        # The SDK has logged the reason.
        session.out.print_note("its token is not kept, so --as does not find it")
        return
    option = f"--as {shlex.quote(result.agent_name)}"
    session.out.print_text(f"{len(result.available_services)} services are available; act as it with {option}")
    if result.pending_messages:
        session.out.print_text(f"{result.pending_messages} messages were waiting for this name: agora inbox {option}")


@client_command
def agents(
    session: Session,
    capability: Annotated[
        List, typer.Option("--capability", "-c", help="A required capability; may be repeated.")
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", "-s", help="Words in the name, description or tags.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="active, busy, paused, offline ...")] = None,
    limit: Annotated[int, typer.Option(help="Maximum number of rows.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Cursor of the next page.")] = None,
) -> None:
    """Find agents."""
    page = session.client.query.agents(
        capability or [],
        status,  # type: ignore[arg-type]
        search=search,
        limit=limit,
        cursor=cursor,
    )
    session.out.print_result(page, TABLES["agents"])


@client_command
def send(
    session: Session,
    to: Annotated[str, typer.Argument(help="Agent name or id, a,b,c, broadcast, or capability:NAME.")],
    content: Annotated[str, typer.Argument(help="The message.")],
    type: Annotated[str, typer.Option("--type", help="info, task, alert, or any other label.")] = "info",
    priority: Annotated[str, typer.Option(help="low, normal, high or urgent.")] = "normal",
    reply_to: Annotated[str | None, typer.Option(help="Id of the message being answered.")] = None,
) -> None:
    """Send a message."""
    receipt = session.client.messaging.send(to, content, type, priority, reply_to=reply_to)  # type: ignore[arg-type]
    if session.out.json:
        session.out.print_result(receipt)
        return
    session.out.print_text(f"{receipt.status} {receipt.message_id}", "green")
    if receipt.warning:
        session.out.print_note(receipt.warning)


@client_command
def inbox(
    session: Session,
    agent: Annotated[str | None, typer.Argument(help="Agent whose inbox to read; default: the acting agent's.")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only unread messages.")] = False,
    mark: Annotated[
        bool, typer.Option("--mark", help="Mark the shown messages as read; only in your own inbox.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Maximum number of messages.")] = 50,
) -> None:
    """Read messages. Only --mark changes their state (to read)."""

    messaging = session.client.messaging
    if mark and agent is not None and not _is_own_name_or_id(session, agent):
        raise InvalidRequest(
            f"--mark is for your own inbox only, and {agent} is another agent.",
            fix=f"Leave --mark out, or act as that agent with --as {shlex.quote(agent)}.",
        )
    try:
        page = messaging.receive(agent, unread=True if unread else None, limit=limit)
    except InvalidRequest as error:
        if agent is None and _is_about_field(error, "agent_id"):
            raise InvalidRequest(
                "You act for every agent, so name the agent whose inbox to read.",
                fix="Name one: agora inbox NAME, or agora inbox operator for the operator's inbox; "
                "or act as an agent with --as NAME.",
            ) from None
        raise
    session.out.print_result(page, TABLES["messages"])
    unseen = [message.message_id for message in page.messages if message.status in ("held", "queued", "delivered")]
    if mark and unseen:
        messaging.mark(unseen)


def _is_own_name_or_id(session: Session, agent: str) -> bool:
    """Whether a name or id is the caller's."""
    me = session.client.auth.userinfo()
    return agent in (me.id, me.name)


def _is_about_field(error: AgoraError, field: str) -> bool:
    return any(invalid_field.get("field") == field for invalid_field in error.extra.get("errors", ()))


@client_command
def watch(
    session: Session,
    types: Annotated[
        List, typer.Argument(help="Event types or patterns, such as message_received, agora.agent.*")
    ] = None,
    more: Annotated[List, typer.Option("--types", help="The same, separated by commas or repeated.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only events that concern this agent.")] = None,
    since: Annotated[str | None, typer.Option(help="Start after this sequence number or event id.")] = None,
    limit: Annotated[int, typer.Option(help="Stop after this number of events; 0 for no limit.")] = 0,
) -> None:
    """Follow events live until Ctrl-C."""
    event_types = [name for argument in (*(types or ()), *(more or ())) for name in split_list(argument)]
    stream: Any = session.client.event.stream(event_types, agent, last_event_id=since)
    follow_events(session, stream, limit)


@client_command
def services(
    session: Session,
    category: Annotated[str | None, typer.Argument(help="messaging, agent, query ...")] = None,
    version: Annotated[str | None, typer.Option(help="A version or range, such as ^1.0.")] = None,
) -> None:
    """List the operations with their usage and latency."""
    session.out.print_result(session.client.query.services(category, version), TABLES["services"])


def run(
    agent: Annotated[str, typer.Argument(help="module:Class of an agora_sdk.Agent.")],
    url: Annotated[str | None, typer.Option("--url", help="Server URL; default: AGORA_URL.")] = None,
    name: Annotated[str | None, typer.Option(help="Name to register; default: the class's own.")] = None,
) -> None:
    """Run an agent until Ctrl-C."""

    from agora_sdk.agent import run as run_agent

    sys.path.insert(0, os.getcwd())
    with exit_on_error(Output()):
        try:
            run_agent(agent, url=url, name=name)
        except AgoraError:
            raise
        except Exception as error:
            traceback.print_exception(error.with_traceback(_skip_loader_frames(error.__traceback__)))
            raise typer.Exit(1) from None


def _skip_loader_frames(frames: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that begins in the agent's own code; all of it if there is none."""
    first = frames
    while first is not None and first.tb_frame.f_globals.get("__name__", "").partition(".")[0] in LOADER_PACKAGES:
        first = first.tb_next
    return first or frames
