"""Executions: HTTP requests to instances, sent between two transactions.

An execution is charged when it starts. The charge is reversed if the work was definitely not done: the connection was
refused, or the instance responded with an error. If the outcome is unknown (timeout, broken connection, disconnected
caller, stopped server), the work may have been done and the charge stands.
"""

from __future__ import annotations

import base64
import codecs
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal
from urllib.parse import quote, unquote, urlencode, urlsplit

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from agora.clock import SECOND, new_id
from agora.core.call import Call, Progress, cast_relay_to_result
from agora.domains.agents.references import find_agent
from agora.domains.billing.accounts import get_paying_account_of_caller
from agora.domains.billing.ledger import Charge, Ledger
from agora.domains.billing.money import from_micros
from agora.domains.billing.records import LedgerEntry
from agora.domains.instances.ports import LOCAL_HOST
from agora.runtimes.http_execution import AnswerTooLarge, ConnectionLost, InstanceAnswer, InstanceHttpRequest
from agora.store.port import write_record
from agora.value_classes import value_class
from agora_sdk.contract.billing import EntryKind
from agora_sdk.contract.instances import ExecutionResult
from agora_sdk.errors import (
    AgoraError,
    IllegalTransition,
    InvalidRequest,
    NotFound,
    UpstreamFailed,
    UpstreamUnavailable,
    field_error,
)

from . import host_queries
from . import queries as statements
from .access import find_audience, require_instance
from .records import EXECUTIONS, InstanceExecutionRow, InstanceRow
from .views import build_execution

__all__ = ["ExecutionOrder", "charge_and_send_request", "end_and_refund_execution"]

SETTLE_MICROSECONDS = (
    30_000_000  #: time after the timeout until an execution without outcome counts as unknown, in microseconds
)
EXCERPT_CHARACTERS = 2000
UNKNOWN_OUTCOME = "unknown"
METHODS_WITH_QUERY = frozenset({"GET", "DELETE"})


@value_class
class ExecutionOrder:
    """A request to an instance. endpoint: path with an optional query. timeout: seconds."""

    endpoint: str
    parameters: JsonValue
    method: str
    timeout: float


async def charge_and_send_request(call: Call, target: str, order: ExecutionOrder) -> ExecutionResult:
    """Send a request to an instance, or to the least busy running one of an agent.

    target: instance id or agent reference. Raises NotFound, IllegalTransition, UpstreamUnavailable,
    UpstreamFailed.
    """
    row = await _require_running_instance(call, target)
    execution_id = new_id("exec")
    request = await _build_request(call, row, order, execution_id)
    charge = Charge(f"execution:{execution_id}", row.account_id, row.agent_id, EntryKind.REQUEST, 1, row.instance_id)
    ledger = Ledger(call)
    terms = await ledger.read_agreed_or_newer_terms(row.agent_id, row.price_version)
    entry = await ledger.charge_unless_recorded(charge, terms, is_unused_key=True)
    started = _append_execution(call, row, execution_id, order)
    call.target = row.instance_id
    local, progress = call.context.ports.find(LOCAL_HOST), call.progress
    assert local is not None, "_build_request has checked it"

    async def send_to_instance() -> tuple[InstanceAnswer, int]:
        started_at = time.monotonic_ns()
        try:
            piece = _build_progress_reporter(progress) if progress is not None else None
            answer = await local.http_client.send_request(request, piece)
        except (OSError, ConnectionLost, AnswerTooLarge) as error:
            raise _to_upstream_error(error, execution_id) from error
        return answer, (time.monotonic_ns() - started_at) // 1000

    return cast_relay_to_result(
        send_to_instance, lambda end, outcome: _end_execution_or_raise(end, started, entry, outcome), order.timeout
    )


async def _require_running_instance(call: Call, target: str) -> InstanceRow:
    """Choose the running instance to send a request to."""
    if target.startswith("inst_"):
        row = await require_instance(call, target)
        if row.state != "running" or row.desired != "running":
            raise IllegalTransition(
                f"The instance is {row.state}" + (f": {row.reason}" if row.reason else "."),
                fix="Make another one: agora.instance.create."
                if row.desired == "stopped"
                else "It takes work while it runs: agora.instance.resume.",
                allowed=["resume", "terminate"] if row.desired != "stopped" else [],
            )
        return row
    agent, local = await find_agent(call.tx, target), call.context.ports.find(LOCAL_HOST)
    instance_row: InstanceRow | None = None
    if agent is not None:
        choice = {"agent_id": agent.agent_id, "now": call.now, "here": local.host_id if local is not None else ""}
        instance_row = await call.tx.one(
            statements.select_preferred_running_instance, account=get_paying_account_of_caller(call.caller), **choice
        )
    if instance_row is None:
        raise NotFound(
            f"You have no running instance of {target!r}.",
            fix="Create one with agora.instance.create, or keep some with agora.instance.scale.",
            errors=[field_error("instance_id", "no running instance")],
        )
    return instance_row


async def _build_request(call: Call, row: InstanceRow, order: ExecutionOrder, execution_id: str) -> InstanceHttpRequest:
    method, parameters = order.method, order.parameters
    host = await call.tx.one(host_queries.select_host, ref=row.host_id)
    local = call.context.ports.find(LOCAL_HOST)
    if row.address is None or host is None or local is None:
        raise UpstreamUnavailable(
            "The instance has no address to send requests to.", fix="Its program has to listen on $PORT."
        )
    if host.kind == "server" and row.host_id != local.host_id and _is_loopback(row.address):
        raise UpstreamUnavailable(
            f"The instance is on the host {host.name} and listens on its loopback address only.",
            fix="Send the request to that server.",
        )
    headers = {"accept": "*/*", "user-agent": "agora", "x-agora-execution": execution_id}
    body, query = b"", ""
    if method in METHODS_WITH_QUERY:
        query = _encode_query(parameters)
    else:
        body = to_json({} if parameters is None else parameters)
        headers["content-type"] = "application/json"
    base = urlsplit(row.address)
    # An address without a path is the whole server of the instance: nothing lies above it.
    if base.path.strip("/"):
        _reject_parent_segments(order.endpoint)
    # The percent sign stays: the caller may have encoded the endpoint already.
    path = base.path.rstrip("/") + quote(order.endpoint, safe="/%:@!$&'()*+,;=?~-._")
    target = path + (("&" if "?" in path else "?") + query if query else "")
    return InstanceHttpRequest(
        address=f"{base.scheme}://{base.netloc}",
        method=method,
        target=target,
        headers=headers,
        body=body,
        limit=call.context.settings.instance_answer_limit,
        # A program on a server of this marketplace listens on a loopback or private address.
        private=host.kind == "server" or bool(host.private),
    )


def _reject_parent_segments(endpoint: str) -> None:
    """Reject ``..`` in an endpoint: below an address with a path, it could reach another tenant of the same host.

    Percent-encoding is decoded until nothing changes, because proxies may decode more than once.
    """
    path, plain = endpoint.partition("?")[0], ""
    while path != plain:
        path, plain = unquote(path), path
    if ".." in path.replace("\\", "/").split("/"):
        raise InvalidRequest(
            "The endpoint leads out of the instance.",
            fix="Leave out '..'.",
            errors=[field_error("endpoint", "leads out of the instance")],
        )


def _is_loopback(address: str) -> bool:
    return address.startswith(("http://127.", "http://localhost", "http://[::1]"))


def _encode_query(parameters: JsonValue) -> str:
    if parameters is None:
        return ""
    if not isinstance(parameters, dict):
        raise InvalidRequest(
            "In a query only an object can be sent.",
            fix="Use POST, or give the parameters names.",
            errors=[field_error("parameters", "not an object")],
        )
    pairs = [
        (name, value if isinstance(value, str) else to_json(value).decode())
        for name, entry in parameters.items()
        for value in (entry if isinstance(entry, list) else [entry])
    ]
    return urlencode(pairs)


def _append_execution(call: Call, row: InstanceRow, execution_id: str, order: ExecutionOrder) -> InstanceExecutionRow:
    execution = InstanceExecutionRow(
        tenant_id=call.caller.tenant,
        execution_id=execution_id,
        instance_id=row.instance_id,
        agent_id=row.agent_id,
        account_id=row.account_id,
        created_by=call.caller.subject,
        endpoint=order.endpoint,
        status="running",
        http_status=None,
        error=None,
        duration=None,
        # Later than its own server could settle it: until then, another server does not take its outcome for unknown.
        deadline=call.now + int(order.timeout * SECOND) + SETTLE_MICROSECONDS,
        created_at=call.now,
        ended_at=None,
    )
    call.tx.append(EXECUTIONS, execution)
    return execution


def _build_progress_reporter(progress: Progress) -> Callable[[bytes], Awaitable[None]]:
    """Build a function that forwards chunks of a response body as text to the caller's progress."""
    decoder, byte_count = codecs.getincrementaldecoder("utf-8")("replace"), 0

    async def report_piece(data: bytes) -> None:
        nonlocal byte_count
        byte_count += len(data)
        text = decoder.decode(data)
        if text:
            await progress(float(byte_count), None, text)

    return report_piece


def _to_upstream_error(error: OSError | ConnectionLost | AnswerTooLarge, execution_id: str) -> AgoraError:
    if isinstance(error, OSError):
        return UpstreamUnavailable(
            f"The instance does not accept connections: {error}.",
            fix="No work was done. Try again, and look at its log with agora.instance.logs.",
            retry_after=1,
            execution_id=execution_id,
        )
    what = str(error) if isinstance(error, AnswerTooLarge) else f"the connection broke: {error}"
    return UpstreamFailed(
        f"The instance did not respond: {what}.",
        fix="Check whether the request took effect before repeating it.",
        outcome=UNKNOWN_OUTCOME,
        execution_id=execution_id,
    )


async def _end_execution_or_raise(
    call: Call, started: InstanceExecutionRow, entry: LedgerEntry, outcome: tuple[InstanceAnswer, int] | AgoraError
) -> ExecutionResult:
    """Store the outcome; raise the error of a failed execution, else return the result."""
    answer, duration = (None, None) if isinstance(outcome, AgoraError) else outcome
    error = outcome if isinstance(outcome, AgoraError) else None
    if answer is not None and answer.status >= 400:
        error = _build_refusal(answer, started)
    lost = error is not None and error.extra.get("outcome") == UNKNOWN_OUTCOME
    ended_execution = replace(
        started,
        status=UNKNOWN_OUTCOME if lost else "completed" if error is None else "failed",
        http_status=answer.status if answer is not None else None,
        error=error.detail[:EXCERPT_CHARACTERS] if error is not None else None,
        duration=duration,
    )
    await end_and_refund_execution(call, ended_execution)
    if error is not None:
        if lost:
            error.extra |= {"cost": from_micros(entry.amount), "currency": entry.currency}
        if isinstance(error, UpstreamUnavailable):
            # A refused connection is often the first sign of a crash: the reconciler looks now, not at its next check.
            await call.tx.execute(statements.wake_instance, instance_id=started.instance_id, now=call.now)
        error.extra.setdefault("execution_id", started.execution_id)
        # Undoes none of the rows above: the second transaction of a relay commits with the error
        # (core.relays.settle_relay).
        raise error
    assert answer is not None
    result, encoding = _decode_answer(answer)
    return build_execution(
        ExecutionResult,
        ended_execution,
        result=result,
        content_type=answer.content_type or None,
        encoding=encoding,
        streamed=answer.is_streamed,
        cost=from_micros(entry.amount),
        currency=entry.currency,
    )


async def end_and_refund_execution(call: Call, execution: InstanceExecutionRow) -> None:
    """End an execution: count it, reverse its charge if it failed, emit the event. Idempotent."""
    is_new = await write_record(call.tx, host_queries.end_execution, execution, now=call.now)
    if not is_new:
        return
    is_completed = execution.status == "completed"
    await call.tx.execute(
        host_queries.add_execution_counts,
        instance_id=execution.instance_id,
        agent_id=execution.agent_id,
        completed=int(is_completed),
        failed=int(not is_completed),
        duration=(execution.duration or 0) if is_completed else 0,
    )
    # Not for unknown outcomes: the work may have been done.
    if execution.status == "failed":
        await Ledger(call).reverse_by_key(f"execution:{execution.execution_id}", execution.error or execution.status)
    data = {
        name: getattr(execution, name)
        for name in ("execution_id", "instance_id", "agent_id", "account_id", "endpoint", "status", "http_status")
    }
    data["execution_time"] = None if execution.duration is None else execution.duration / SECOND
    viewers = await find_audience(call, execution.account_id)
    call.emit("agora.instance.executed", data, subject=execution.instance_id, audience=viewers)


def _build_refusal(answer: InstanceAnswer, started: InstanceExecutionRow) -> UpstreamFailed:
    text = answer.body[:EXCERPT_CHARACTERS].decode("utf-8", "replace")
    return UpstreamFailed(
        f"{started.endpoint} answered with HTTP {answer.status}.",
        fix="Its answer is in 'answer', its log at agora.instance.logs.",
        http_status=answer.status,
        answer=text,
        execution_id=started.execution_id,
    )


def _decode_answer(answer: InstanceAnswer) -> tuple[JsonValue, Literal["json", "text", "base64"]]:
    """Decode the response body as a JSON value, text or base64 text; return it with its encoding."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            # NaN and Infinity are no JSON (RFC 8259): the caller could not parse an answer that holds them.
            document: JsonValue = from_json(answer.body, allow_inf_nan=False)
        except ValueError:
            pass
        else:
            return document, "json"
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(answer.body).decode(), "base64"
    if "\x00" in text:
        return base64.b64encode(answer.body).decode(), "base64"
    return text, "text"
