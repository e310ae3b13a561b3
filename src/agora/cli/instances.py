"""Instance commands with output formatted for people."""

from __future__ import annotations

import json
import re
import sys
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agora_sdk.contract import Operation
from agora_sdk.contract.instances import Instances
from agora_sdk.errors import Conflict

from . import instance_views as views
from .arguments import build_argument_error, parse_value
from .billing import format_money
from .execution import execute_streaming
from .output import TONES, clean_text
from .projection import build_operation_function
from .session import Session, client_command

if TYPE_CHECKING:
    from agora_sdk.contract.instances import ExecutionResult, Instance, InstanceLog

__all__ = [
    "create",
    "details",
    "discover",
    "execute",
    "execute_and_print",
    "listing",
    "logs",
    "pause",
    "print_result",
    "require_confirmation",
    "resume",
    "terminate",
]

WINDOW, LARGE_WINDOW, FEW_LINES = (
    65_536,
    1_048_576,
    200,
)  #: bytes read of a log for its last lines; many lines need more
POLL_SECONDS = 0.5
KEY_VALUE_START = re.compile(r"[^\s{}\[\]\"]+=")  #: start of a KEY=VALUE argument

# -- lists -----------------------------------------------------------------------------------------


def _fetch_and_print_market(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    page = session.client.instance.discover(**arguments)
    if session.out.json:
        session.out.print_result(page)
    else:
        views.print_market(session.out, page)


def _fetch_and_print_list(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    page = session.client.instance.list(**arguments)
    if session.out.json:
        session.out.print_result(page)
        return
    if page.instances:
        views.print_instances(session.out, page.instances)
    else:
        session.out.print_note("no instances; create one with: agora instance create AGENT")
    session.out.print_page_note(page)


# -- one instance ----------------------------------------------------------------------------------

Id = Annotated[str, typer.Argument(help="Id of the instance.", metavar="INSTANCE")]


@client_command
def details(session: Session, instance_id: Id) -> None:
    """Show an instance: state, health, resources and bill."""
    print_result(session, session.client.instance.get(instance_id))


def print_result(session: Session, instance: Instance) -> None:
    """Print an instance, preceded by the message of a change, if any."""
    if session.out.json:
        session.out.print_result(instance)
        return
    if message := getattr(instance, "message", None):
        session.out.print_text(message, TONES.get(instance.status, ""))
    views.print_instance(session.out, instance)


def _create_and_print_instance(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    instance = session.client.instance.create(**arguments)
    failed = instance.status == "failed"
    outcome = "could not be started" if failed else f"is {instance.status}"
    session.out.print_text(f"An instance of {instance.agent_name} {outcome}.", TONES.get(instance.status, ""))
    print_result(session, instance)
    if failed:
        raise typer.Exit(1)


def _change_and_print_instance(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
    print_result(session, getattr(session.client.instance, operation.attribute)(**arguments))


def _build_instance_command(attribute: str, run: Any) -> Any:
    return build_operation_function(Instances.operations[attribute], run=run)


discover = _build_instance_command("discover", _fetch_and_print_market)
listing = _build_instance_command("list", _fetch_and_print_list)
create = _build_instance_command("create", _create_and_print_instance)
pause = _build_instance_command("pause", _change_and_print_instance)
resume = _build_instance_command("resume", _change_and_print_instance)


def require_confirmation(instance_id: str, confirm: bool) -> None:
    """Require confirmation to terminate an instance; exits otherwise."""
    if confirm:
        return
    if not sys.stdin.isatty():
        # A script must say so explicitly: nobody would see the question.
        raise typer.BadParameter("this terminates the instance permanently: add --confirm")
    typer.confirm(f"End {instance_id} for good?", abort=True)


@client_command
def terminate(
    session: Session,
    instance_id: Id,
    confirm: Annotated[bool, typer.Option("--confirm", "-y", help="Do not ask for confirmation.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the instance to end.")] = 15.0,
) -> None:
    """Terminate an instance permanently, and show its final bill."""
    require_confirmation(instance_id, confirm)
    print_result(session, session.client.instance.terminate(instance_id, wait=wait))


# -- output ----------------------------------------------------------------------------------------


@client_command
def logs(
    session: Session,
    instance_id: Id,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Follow the log until Ctrl-C or the end of the instance.")
    ] = False,
    tail: Annotated[int, typer.Option("--tail", "-n", min=0, help="Number of last lines; 0 for all.")] = 100,
) -> None:
    """Read the log of an instance."""

    reader = session.client.instance.logs
    window = WINDOW if tail <= FEW_LINES else LARGE_WINDOW
    # A negative offset counts from the end, so the last lines of a log of any size are one request.
    page = reader(instance_id, -window, limit=window) if tail else reader(instance_id, 0)
    if tail:
        page = page.model_copy(update={"content": "".join(page.content.splitlines(keepends=True)[-tail:])})
    try:
        while True:
            if page.content or not follow:
                _print_log(session, page)
            if not page.has_more:
                if not follow or page.ended:
                    return
                time.sleep(POLL_SECONDS)
            page = reader(instance_id, page.end)
    except KeyboardInterrupt:
        return
    # The log is gone with the instance: whoever follows it has seen its end.
    except Conflict:
        if not follow:
            raise
        session.out.print_note("the instance has ended")


def _print_log(session: Session, page: InstanceLog) -> None:
    if session.out.json:
        session.out.print_result(page)
        return
    sys.stdout.write(clean_text(page.content.replace("\r\n", "\n")))
    sys.stdout.flush()


# -- executions ------------------------------------------------------------------------------------


class Method(StrEnum):
    """HTTP method of an endpoint."""

    POST = "POST"
    GET = "GET"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


@client_command
def execute(
    session: Session,
    target: Annotated[str, typer.Argument(help="An instance, or an agent to use its least busy instance.")],
    endpoint: Annotated[str, typer.Argument(help="Path on the instance, such as /process.")] = "/",
    parameters: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE ..., a JSON value, or @FILE.json.", show_default=False)
    ] = None,
    method: Annotated[Method, typer.Option("--method", "-X", case_sensitive=False)] = Method.POST,
    timeout: Annotated[float, typer.Option(help="Seconds.")] = 30.0,
) -> None:
    """Execute a request on an instance and print the response."""

    if not endpoint.startswith("/"):
        raise build_argument_error(
            "endpoint", f"{endpoint!r} is not a path: it must begin with /; parameters follow it"
        )
    execute_and_print(session, target, endpoint, _parse_parameters(parameters or []), method.value, timeout)


def execute_and_print(
    session: Session, target: str, endpoint: str, parameters: Any, method: Any, timeout: float
) -> None:
    """Execute a request. Streams the response to standard output; prints duration and cost to standard error."""
    if session.out.json:
        session.out.print_result(
            session.client.instance.execute(target, endpoint, parameters, method=method, timeout=timeout)
        )
        return

    last_chunk = ""

    def print_chunk(text: str) -> None:
        nonlocal last_chunk
        last_chunk = clean_text(text.replace("\r\n", "\n")) or last_chunk
        sys.stdout.write(clean_text(text.replace("\r\n", "\n")))
        sys.stdout.flush()

    try:
        result = execute_streaming(
            session.client, print_chunk, target, endpoint, parameters, method=method, timeout=timeout
        )
    finally:
        if last_chunk and not last_chunk.endswith("\n"):
            sys.stdout.write("\n")
    if not last_chunk:
        _print_answer(session, result)
    cost = f", {format_money(result.cost, result.currency)}" if result.cost else ""
    session.out.print_note(f"{result.instance_id} in {(result.execution_time or 0) * 1000:,.1f} ms{cost}")


def _print_answer(session: Session, execution: ExecutionResult) -> None:
    if execution.encoding == "json":
        session.out.print_json(execution.result)
    elif execution.encoding == "base64":
        session.out.print_note("it is neither JSON nor text; here it is in base64")
        session.out.print_line(str(execution.result))
    else:
        sys.stdout.write(clean_text(str(execution.result)) + "\n")


def _parse_parameters(words: list[str]) -> Any:
    """Parse one JSON value, or build an object from KEY=VALUE arguments."""

    if len(words) == 1 and words[0].startswith("@"):
        return parse_value(words[0])
    # A single word may be JSON, such as 5 or "a=b"; several words can only be KEY=VALUE.
    if len(words) == 1 and not KEY_VALUE_START.match(words[0]):
        try:
            return json.loads(words[0])
        except ValueError:
            raise build_argument_error("parameters", f"{words[0]!r} is neither JSON nor KEY=VALUE") from None
    members: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise build_argument_error("parameters", f"{word!r} is not KEY=VALUE")
        if key in members:
            raise build_argument_error("parameters", f"{key!r} is set twice")
        try:
            members[key] = json.loads(value)
        except ValueError:
            members[key] = value
    return members or None
