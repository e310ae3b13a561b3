"""Retries: which errors, delays, number, and idempotency keys."""

from __future__ import annotations

import email.utils
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from agora_sdk import AgoraClient, AgoraError
from agora_sdk.backoff import Backoff
from agora_sdk.contract import Kind, operations
from agora_sdk.errors import (
    Conflict,
    DeadlineExceeded,
    InternalError,
    Overloaded,
    RateLimited,
    ServerUnreachable,
    UpstreamFailed,
)
from agora_sdk.retry import ConnectionLost, TimedOut, exchange_with_retries
from agora_sdk.transport import run_blocking
from agora_sdk.wire import Answer, Request, needs_idempotency_key, parse_retry_after_or_none
from tests.unit.sdk.scripted_server import NOW, Wire, agent_answer, page

RECEIPT = {"message_id": "msg_" + "0" * 32, "status": "queued", "timestamp": NOW}
GET = Request("GET", "/things?secret=1")
URL = "http://somewhere"


class Script:
    """I/O whose time advances when it pauses, and whose answers are scripted; the last one is repeated."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.time, self.pauses, self.asked = 100.0, list[float](), list[float]()

    async def exchange(self, request: Request, seconds: float) -> Answer:
        self.asked.append(seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def now(self) -> float:
        return self.time


def status(code: int, **headers: str) -> Answer:
    return Answer(code, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def run(script: Script, *, seconds: float = 30.0, retries: int = 3) -> Answer:
    backoff = Backoff(retries, random=lambda: 1.0)
    return run_blocking(exchange_with_retries(script, GET, url=URL, seconds=seconds, backoff=backoff))


@pytest.mark.parametrize("trouble", [ConnectionLost("refused"), *map(status, (429, 502, 503, 504))])
def test_transient_errors_are_retried_with_growing_delays(trouble: Answer | Exception) -> None:
    script = Script(trouble, trouble, status(200))
    assert run(script).status == 200
    assert script.pauses == [0.1, 0.2]


@pytest.mark.parametrize("code", [301, 400, 401, 404, 409, 422, 423, 500])
def test_permanent_errors_are_not_retried(code: int) -> None:
    script = Script(status(code))
    with pytest.raises(AgoraError):
        run(script)
    assert (len(script.asked), script.pauses) == (1, [])


def test_last_error_is_raised_after_the_last_retry() -> None:
    script = Script(ConnectionLost("refused"))
    with pytest.raises(ServerUnreachable, match="refused"):
        run(script, retries=2)
    assert len(script.asked) == 3
    script = Script(ConnectionLost("refused"), status(429))
    with pytest.raises(RateLimited):
        run(script, retries=1)


def test_retry_after_is_followed_within_the_deadline() -> None:
    script = Script(status(429, retry_after="7"), status(200))
    run(script)
    assert script.pauses == [7.0]
    assert script.asked == [30.0, 23.0]
    script = Script(status(429, retry_after="31"))
    with pytest.raises(RateLimited) as caught:
        run(script)
    assert caught.value.retry_after == 31.0
    assert script.pauses == []


def test_all_attempts_share_the_deadline() -> None:
    script = Script(ConnectionLost("refused"))
    with pytest.raises(ServerUnreachable):
        run(script, seconds=1.0, retries=100)
    assert sum(script.pauses) < 1.0
    with pytest.raises(DeadlineExceeded, match=r"/things did not answer within 5 seconds") as caught:
        run(Script(TimedOut()), seconds=5)
    assert "secret" not in str(caught.value)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_delays_are_bounded_and_jittered(attempt: int, random: float) -> None:
    pause = Backoff(random=lambda: random).pause(attempt)
    whole = min(10.0, 0.1 * 2.0 ** min(attempt, 30))
    assert whole / 2 <= pause <= whole


def test_retry_after_is_seconds_or_a_date_or_nothing() -> None:
    assert parse_retry_after_or_none(status(503)) is None
    assert parse_retry_after_or_none(status(503, retry_after="soon")) is None
    assert parse_retry_after_or_none(status(503, retry_after="1.5")) == 1.5
    assert parse_retry_after_or_none(status(503, retry_after="²")) is None
    later = email.utils.formatdate(time.time() + 50, usegmt=True)
    assert 40 < (parse_retry_after_or_none(status(503, retry_after=later)) or 0) <= 50
    assert parse_retry_after_or_none(status(503, retry_after="Thu, 01 Jan 1970 00:00:00 GMT")) == 0.0
    assert parse_retry_after_or_none(status(503, retry_after=f"Thu, 01 Jan {10**20} 00:00:00 GMT")) is None


def test_non_idempotent_commands_carry_a_key() -> None:
    keyed = {operation.name for operation in operations() if needs_idempotency_key(operation)}
    assert {"agora.messaging.send", "agora.event.publish", "agora.token.create"} <= keyed
    assert "agora.agent.register" in keyed, "a lost answer would be a lost token"
    assert not {"agora.agent.heartbeat", "agora.messaging.mark"} & keyed
    assert not {operation.name for operation in operations() if operation.kind is Kind.QUERY} & keyed


def test_retry_reuses_the_key_and_another_call_has_another(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agora/messaging/send", Overloaded("full", retry_after=0), PlainTextResponse("", 502), RECEIPT)
    client.messaging.send("Ada", "once")
    client.messaging.send("Ada", "twice")
    first, second, third, other = (seen.headers["idempotency-key"] for seen in wire.requests)
    assert first == second == third != other
    assert len(first) == 32


def test_explicit_key_is_used(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agora/messaging/send", RECEIPT)
    client.with_options(idempotency_key="mine").messaging.send("Ada", "once")
    client.messaging.send("Ada", "again")
    assert [seen.headers["idempotency-key"] == "mine" for seen in wire.requests] == [True, False]


def test_queries_carry_no_key(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agora/query/agents", page("agents", []))
    client.query.agents()
    assert "idempotency-key" not in wire.requests[0].headers


def test_option_sets_the_number_of_retries(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agents/Ada", Overloaded("full"))
    with pytest.raises(Overloaded):
        client.with_options(retries=0).agent.get("Ada")
    assert len(wire.requests) == 1
    wire.answer("/agents/Bob", Conflict("no"))
    with pytest.raises(Conflict):
        client.agent.get("Bob")
    assert len(wire.of("/agents/Bob")) == 1


async def test_asynchronous_calls_are_retried(wire: Wire) -> None:
    wire.answer("/agents/Ada", Overloaded("full"), agent_answer())
    async with AgoraClient(wire.url) as client:
        assert (await client.agent.get("Ada")).agent_name == "Ada"
    assert len(wire.requests) == 2


def test_wait_of_a_long_poll_is_added_to_the_timeout(wire: Wire, client: AgoraClient) -> None:
    script = Script(status(200))
    script.answers = [Answer(200, {}, b'{"messages":[],"count":0}')]
    session = client.with_options(timeout=2.0)._session
    from agora_sdk.contract.messaging import Messaging

    run_blocking(session.bind_and_call(script, Messaging.operations["receive"], wait=25))
    assert script.asked == [27.0]


def test_relayed_call_has_a_longer_timeout_and_a_refused_one_is_not_retried(client: AgoraClient) -> None:
    from agora_sdk.contract.instances import Instances

    refused = b'{"code":"upstream_failed","status":502,"detail":"no","http_status":500}'
    script = Script(Answer(502, {}, refused))
    with pytest.raises(UpstreamFailed):
        run_blocking(client._session.bind_and_call(script, Instances.operations["execute"], "Greeter", timeout=120))
    assert script.asked == [150.0]


def test_timeouts_apply_to_a_real_connection(wire: Wire, client: AgoraClient) -> None:
    given_up = threading.Event()

    def slow(seen: object) -> object:
        given_up.wait(60)
        return page("agents", [])

    wire.answer("/agora/query/agents", slow)
    with pytest.raises(DeadlineExceeded, match=r"within 0\.1 seconds"):
        client.with_options(timeout=0.1).query.agents()
    given_up.set()


def test_invalid_options_are_refused() -> None:
    options: Any
    for options in ({"timeout": 0.0}, {"retries": -1}, {"mode": "both"}):
        with pytest.raises(AgoraError):
            AgoraClient(**options)


def test_internal_errors_are_not_retried(wire: Wire, client: AgoraClient) -> None:
    wire.answer("/agents/Ada", InternalError("ours"))
    with pytest.raises(InternalError):
        client.agent.get("Ada")
    assert len(wire.requests) == 1
